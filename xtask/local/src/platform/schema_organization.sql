-- The schema of one organization, as it is on the platform.
-- {organization} is replaced with the organization's integer ID.

CREATE SCHEMA "{organization}";

-- Datasets, and the users who may access them.

CREATE TABLE "{organization}".dataset_status (
    id serial PRIMARY KEY,
    name varchar(60) NOT NULL UNIQUE,
    display_name varchar(60) NOT NULL UNIQUE,
    original_name varchar(60),
    color varchar(7) NOT NULL,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE TRIGGER dataset_status_updated_at BEFORE UPDATE ON "{organization}".dataset_status
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();
INSERT INTO "{organization}".dataset_status (name, display_name, original_name, color) VALUES
    ('NO_STATUS', 'No Status', 'NO_STATUS', '#71747C'),
    ('WORK_IN_PROGRESS', 'Work in Progress', 'WORK_IN_PROGRESS', '#2760FF'),
    ('IN_REVIEW', 'In Review', 'IN_REVIEW', '#FFB000'),
    ('COMPLETED', 'Completed', 'COMPLETED', '#17BB62');

CREATE TABLE "{organization}".data_use_agreements (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL UNIQUE,
    description text NOT NULL DEFAULT '',
    body text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "{organization}".datasets (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    state varchar(40) NOT NULL,
    description varchar(255),
    -- Indexed but not unique: two datasets may have the same node ID. Only pennsieve.dataset_organization
    -- has unique node IDs, and refers to the last one.
    node_id varchar(255),
    permission_bit integer,
    type varchar(255) DEFAULT 'research',
    -- The role of every member of the organization, or NULL for none.
    role varchar(50),
    status varchar(255) DEFAULT 'NO_STATUS',
    automatically_process_packages boolean DEFAULT false,
    license varchar(255),
    tags varchar[] NOT NULL DEFAULT '{}',
    contributors varchar[] NOT NULL DEFAULT '{}',
    banner_id uuid,
    readme_id uuid,
    changelog_id uuid,
    status_id integer NOT NULL REFERENCES "{organization}".dataset_status ON DELETE RESTRICT,
    size bigint,
    etag timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    data_use_agreement_id integer REFERENCES "{organization}".data_use_agreements ON DELETE RESTRICT,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX datasets_node_id_idx ON "{organization}".datasets (node_id);

CREATE TABLE "{organization}".dataset_assets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(255) NOT NULL,
    s3_bucket varchar(255) NOT NULL,
    s3_key varchar(255) NOT NULL,
    dataset_id integer NOT NULL REFERENCES "{organization}".datasets ON DELETE CASCADE,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TRIGGER dataset_assets_updated_at BEFORE UPDATE ON "{organization}".dataset_assets
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();
ALTER TABLE "{organization}".datasets
    ADD FOREIGN KEY (banner_id) REFERENCES "{organization}".dataset_assets ON DELETE SET NULL,
    ADD FOREIGN KEY (readme_id) REFERENCES "{organization}".dataset_assets ON DELETE SET NULL,
    ADD FOREIGN KEY (changelog_id) REFERENCES "{organization}".dataset_assets ON DELETE SET NULL;

-- Only changes that are visible to users count as updates of a dataset.
CREATE TRIGGER datasets_updated_at BEFORE UPDATE ON "{organization}".datasets
    FOR EACH ROW WHEN (
        (OLD.name, OLD.description, OLD.status_id, OLD.automatically_process_packages, OLD.license, OLD.tags)
        IS DISTINCT FROM
        (NEW.name, NEW.description, NEW.status_id, NEW.automatically_process_packages, NEW.license, NEW.tags)
    ) EXECUTE FUNCTION pennsieve.set_updated_at();
CREATE TRIGGER datasets_etag BEFORE UPDATE ON "{organization}".datasets
    FOR EACH ROW WHEN (
        (OLD.name, OLD.description, OLD.status_id, OLD.automatically_process_packages, OLD.license, OLD.tags)
        IS DISTINCT FROM
        (NEW.name, NEW.description, NEW.status_id, NEW.automatically_process_packages, NEW.license, NEW.tags)
    ) EXECUTE FUNCTION pennsieve.set_etag();
CREATE TRIGGER datasets_organization AFTER INSERT OR UPDATE OR DELETE ON "{organization}".datasets
    FOR EACH ROW EXECUTE FUNCTION pennsieve.map_dataset_to_organization();

CREATE TABLE "{organization}".dataset_storage (
    dataset_id integer PRIMARY KEY REFERENCES "{organization}".datasets ON DELETE CASCADE,
    size bigint
);

CREATE TABLE "{organization}".dataset_user (
    dataset_id integer NOT NULL REFERENCES "{organization}".datasets ON DELETE CASCADE,
    user_id integer NOT NULL REFERENCES pennsieve.users ON DELETE CASCADE,
    role varchar(50),
    permission_bit integer NOT NULL DEFAULT 0,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (dataset_id, user_id)
);
CREATE TRIGGER dataset_user_updated_at BEFORE UPDATE ON "{organization}".dataset_user
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE "{organization}".dataset_team (
    dataset_id integer NOT NULL REFERENCES "{organization}".datasets ON DELETE CASCADE,
    team_id integer NOT NULL REFERENCES pennsieve.teams ON DELETE CASCADE,
    role varchar(50),
    permission_bit integer NOT NULL DEFAULT 0,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (dataset_id, team_id)
);
CREATE TRIGGER dataset_team_updated_at BEFORE UPDATE ON "{organization}".dataset_team
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

-- Packages: files and, with type 'Collection', folders.

CREATE TABLE "{organization}".packages (
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    type varchar(40) NOT NULL,
    state varchar(40) NOT NULL,
    dataset_id integer NOT NULL REFERENCES "{organization}".datasets ON DELETE CASCADE,
    -- NULL at the root of the dataset.
    parent_id integer REFERENCES "{organization}".packages ON DELETE CASCADE,
    attributes jsonb,
    node_id varchar(255) CONSTRAINT unique_node_id UNIQUE,
    size bigint,
    owner_id integer,
    import_id uuid,
    replaces_package_id integer REFERENCES "{organization}".packages ON DELETE SET NULL,
    replaced_by_package_id integer REFERENCES "{organization}".packages ON DELETE SET NULL,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (dataset_id, import_id),
    CHECK (replaces_package_id IS NULL OR type <> 'Collection'),
    CHECK (replaced_by_package_id IS NULL OR type <> 'Collection')
);
-- Neither index contains the state, so a deleted package keeps its (deleted) name reserved.
CREATE UNIQUE INDEX packages_name_dataset_id__parent_id_null_idx
    ON "{organization}".packages (name, dataset_id) WHERE parent_id IS NULL;
CREATE UNIQUE INDEX packages_name_dataset_id_parent_id__parent_id_not_null_idx
    ON "{organization}".packages (name, dataset_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX packages_parent_id_idx ON "{organization}".packages (parent_id);
CREATE INDEX packages_tmp_node_id_idx ON "{organization}".packages (node_id);
CREATE TRIGGER packages_updated_at BEFORE UPDATE ON "{organization}".packages
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

CREATE TABLE "{organization}".package_storage (
    package_id integer PRIMARY KEY REFERENCES "{organization}".packages ON DELETE CASCADE,
    size bigint
);

CREATE TABLE "{organization}".files (
    id serial PRIMARY KEY,
    package_id integer NOT NULL REFERENCES "{organization}".packages ON DELETE CASCADE,
    name varchar(255),
    file_type varchar(255),
    s3_bucket varchar(255),
    s3_key varchar(255),
    object_type varchar(255) NOT NULL,
    size bigint DEFAULT 0,
    checksum jsonb,
    processing_state varchar(255) NOT NULL,
    uuid uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    uploaded_state varchar(255),
    properties jsonb,
    asset_type varchar(255),
    provenance_id uuid,
    published boolean NOT NULL DEFAULT false,
    published_s3_version_id text CHECK (published_s3_version_id <> ''),
    scan_status text NOT NULL DEFAULT 'pending' CHECK (scan_status IN (
        'pending', 'scanning', 'clean', 'infected', 'failed', 'unscanned', 'not_required', 'format_validated'
    )),
    scanned_at timestamp,
    scan_engine text,
    scan_skip_reason text,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT processing_state_constraint CHECK (CASE object_type
        WHEN 'source' THEN processing_state IN ('processed', 'unprocessed')
        WHEN 'file' THEN processing_state = 'not_processable'
        WHEN 'view' THEN processing_state = 'not_processable'
        ELSE false
    END)
);
CREATE INDEX files_package_id_idx ON "{organization}".files (package_id);
CREATE TRIGGER files_updated_at BEFORE UPDATE ON "{organization}".files
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();

-- Viewer assets of packages.

CREATE TABLE "{organization}".viewer_assets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    dataset_id integer NOT NULL REFERENCES "{organization}".datasets ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    asset_type varchar(255) NOT NULL,
    properties jsonb DEFAULT '{}',
    s3_bucket varchar(255) NOT NULL,
    status varchar(50) NOT NULL DEFAULT 'created',
    created_by integer,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX viewer_assets_dataset_id_idx ON "{organization}".viewer_assets (dataset_id);
CREATE TRIGGER viewer_assets_updated_at BEFORE UPDATE ON "{organization}".viewer_assets
    FOR EACH ROW EXECUTE FUNCTION pennsieve.set_updated_at();
-- A row trigger also runs for deletes that cascade from the dataset.
CREATE TRIGGER viewer_assets_cleanup BEFORE DELETE ON "{organization}".viewer_assets
    FOR EACH ROW EXECUTE FUNCTION pennsieve.enqueue_viewer_asset_cleanup();

CREATE TABLE "{organization}".viewer_asset_packages (
    viewer_asset_id uuid NOT NULL REFERENCES "{organization}".viewer_assets ON DELETE CASCADE,
    package_id integer NOT NULL REFERENCES "{organization}".packages ON DELETE CASCADE,
    PRIMARY KEY (viewer_asset_id, package_id)
);
CREATE INDEX viewer_asset_packages_package_id_idx ON "{organization}".viewer_asset_packages (package_id);
