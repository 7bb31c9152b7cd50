-- The schema that all organizations share, as it is on the platform.
-- It contains only what affects the packages service and its authorizer: the columns that they read or
-- write, and the constraints and triggers that change the results.

CREATE SCHEMA pennsieve;

-- Trigger functions. The organization schemas use them too.

CREATE FUNCTION pennsieve.set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE FUNCTION pennsieve.set_etag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.etag := now();
    RETURN NEW;
END
$$;

CREATE FUNCTION pennsieve.lower_email() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.email := lower(NEW.email);
    RETURN NEW;
END
$$;

CREATE FUNCTION pennsieve.audit_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO pennsieve.users_audit SELECT 'D', now(), OLD.*;
    ELSE
        INSERT INTO pennsieve.users_audit SELECT left(TG_OP, 1), now(), NEW.*;
    END IF;
    RETURN NULL;
END
$$;

-- The schema of an organization is named by the organization's integer ID, which determines the organization of
-- a row in `datasets`.
CREATE FUNCTION pennsieve.map_dataset_to_organization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.node_id IS DISTINCT FROM NEW.node_id) THEN
        DELETE FROM pennsieve.dataset_organization WHERE dataset_node_id = OLD.node_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.node_id IS NOT NULL THEN
        INSERT INTO pennsieve.dataset_organization (dataset_node_id, organization_id)
        VALUES (NEW.node_id, TG_TABLE_SCHEMA::integer)
        ON CONFLICT (dataset_node_id) DO UPDATE SET organization_id = EXCLUDED.organization_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION pennsieve.enqueue_viewer_asset_cleanup() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pennsieve.viewer_asset_cleanup_queue (org_id, dataset_id, asset_id, s3_bucket, s3_prefix)
    VALUES (
        TG_TABLE_SCHEMA::integer, OLD.dataset_id, OLD.id, OLD.s3_bucket,
        format('viewer-assets/O%s/D%s/%s/', TG_TABLE_SCHEMA, OLD.dataset_id, OLD.id)
    );
    RETURN OLD;
END
$$;

-- Organizations and their members.

CREATE TABLE pennsieve.organizations (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    slug varchar(255),
    node_id varchar(255),
    encryption_key_id varchar(255) NOT NULL,
    terms varchar(255),
    status varchar(255),
    size bigint,
    -- NULL means the platform's default bucket.
    storage_bucket text CHECK (length(storage_bucket) BETWEEN 3 AND 63),
    publish_bucket text CHECK (length(publish_bucket) BETWEEN 3 AND 63),
    embargo_bucket text CHECK (length(embargo_bucket) BETWEEN 3 AND 63),
    color_theme jsonb,
    banner_image_uri text,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX organizations_node_id_idx ON pennsieve.organizations (node_id);
CREATE TRIGGER organizations_updated_at BEFORE UPDATE ON pennsieve.organizations
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE pennsieve.organization_storage (
    organization_id integer PRIMARY KEY REFERENCES pennsieve.organizations ON DELETE CASCADE,
    size bigint
);

CREATE TABLE pennsieve.feature_flags (
    organization_id integer NOT NULL REFERENCES pennsieve.organizations ON DELETE CASCADE,
    feature varchar(255) NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (organization_id, feature)
);
CREATE TRIGGER feature_flags_updated_at BEFORE UPDATE ON pennsieve.feature_flags
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE pennsieve.users (
    id serial PRIMARY KEY,
    email varchar(255) NOT NULL,
    first_name varchar(255),
    middle_initial varchar(1),
    last_name varchar(255),
    degree varchar(255),
    credential varchar(255),
    color varchar(255),
    url varchar(255),
    node_id varchar(255),
    is_super_admin boolean,
    preferred_org_id integer,
    cognito_id uuid,
    is_integration_user boolean NOT NULL DEFAULT false,
    orcid_authorization jsonb,
    github_authorization jsonb,
    status boolean,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX users_node_id_idx ON pennsieve.users (node_id);

-- The two audit columns come first, followed by every column of `users` in the same order.
CREATE TABLE pennsieve.users_audit (
    change_type varchar(255) NOT NULL,
    change_time timestamp DEFAULT CURRENT_TIMESTAMP,
    LIKE pennsieve.users
);
CREATE INDEX users_audit_id_idx ON pennsieve.users_audit (id);

CREATE TRIGGER users_lower_email BEFORE INSERT OR UPDATE ON pennsieve.users
    FOR EACH ROW EXECUTE FUNCTION pennsieve.lower_email();
CREATE TRIGGER users_updated_at BEFORE UPDATE ON pennsieve.users
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();
CREATE TRIGGER users_audit AFTER INSERT OR UPDATE OR DELETE ON pennsieve.users
    FOR EACH ROW EXECUTE FUNCTION pennsieve.audit_user();

CREATE TABLE pennsieve.tokens (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    token varchar(255) NOT NULL UNIQUE,
    cognito_id uuid NOT NULL UNIQUE,
    organization_id integer NOT NULL REFERENCES pennsieve.organizations ON DELETE CASCADE,
    user_id integer NOT NULL REFERENCES pennsieve.users ON DELETE CASCADE,
    last_used timestamp,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TRIGGER tokens_updated_at BEFORE UPDATE ON pennsieve.tokens
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE pennsieve.organization_user (
    organization_id integer NOT NULL REFERENCES pennsieve.organizations ON DELETE CASCADE,
    user_id integer NOT NULL REFERENCES pennsieve.users ON DELETE CASCADE,
    permission_bit integer DEFAULT 0,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (organization_id, user_id)
);
CREATE TRIGGER organization_user_updated_at BEFORE UPDATE ON pennsieve.organization_user
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE pennsieve.teams (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    node_id varchar(255),
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TRIGGER teams_updated_at BEFORE UPDATE ON pennsieve.teams
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE pennsieve.team_user (
    team_id integer NOT NULL REFERENCES pennsieve.teams ON DELETE CASCADE,
    user_id integer NOT NULL REFERENCES pennsieve.users ON DELETE CASCADE,
    permission_bit integer DEFAULT 0,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (team_id, user_id)
);
CREATE TRIGGER team_user_updated_at BEFORE UPDATE ON pennsieve.team_user
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE pennsieve.organization_team (
    organization_id integer NOT NULL REFERENCES pennsieve.organizations ON DELETE CASCADE,
    team_id integer NOT NULL REFERENCES pennsieve.teams ON DELETE CASCADE,
    permission_bit integer DEFAULT 0,
    -- For example 'publishers', or NULL for a team that users created.
    system_team_type varchar(255),
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (organization_id, team_id),
    CONSTRAINT unique_system_team_type UNIQUE (organization_id, system_team_type)
);
CREATE TRIGGER organization_team_updated_at BEFORE UPDATE ON pennsieve.organization_team
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

-- Data about all organizations, which triggers in their own schemas write.

CREATE TABLE pennsieve.dataset_organization (
    dataset_node_id varchar(255) PRIMARY KEY,
    organization_id integer NOT NULL REFERENCES pennsieve.organizations ON DELETE CASCADE
);

CREATE TABLE pennsieve.viewer_asset_cleanup_queue (
    id serial PRIMARY KEY,
    org_id integer NOT NULL,
    dataset_id integer NOT NULL,
    asset_id uuid NOT NULL,
    s3_bucket varchar(255) NOT NULL,
    s3_prefix varchar(512) NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
