"""AWS::CloudFront::PublicKey and AWS::CloudFront::KeyGroup, through MiniStack's CloudFront API and its errors."""

import base64
import binascii
import re
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import cloudfront
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS

from responses import checked


# The DER SubjectPublicKeyInfo of each key type that CloudFront accepts has a fixed length and a fixed beginning.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
PUBLIC_KEYS = {
    294: bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100"),  # RSA, 2048 bits
    91: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),  # EC, P-256
}
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")


def check_public_key(pem):
    """Rejects keys other than RSA 2048 or EC P-256 in PEM, like CloudFront. MiniStack accepts any text."""
    match = PEM.fullmatch(pem)
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True) if match else b""
    except binascii.Error:
        der = b""
    header = PUBLIC_KEYS.get(len(der))
    if header is None or not der.startswith(header):
        raise ValueError("InvalidArgument: EncodedKey is not the PEM of an RSA 2048 or EC P-256 public key.")


def element(tag, config):
    """Returns a flat configuration as XML for the CloudFront API."""
    root = Element(tag)
    for name, value in config.items():
        child = SubElement(root, name)
        if isinstance(value, list):
            for item in value:
                SubElement(child, "PublicKey").text = item
        else:
            child.text = value
    return tostring(root)


def cloudfront_handlers(config_name, store, service_create, service_update, service_delete, check=lambda config: None):
    """Returns the handlers of a CloudFront resource that consists of one flat configuration."""

    def attributes(physical_id):
        record = store[physical_id]
        return {name: record[name] for name in ("Id", "CreatedTime", "LastModifiedTime") if name in record}

    def create(logical_id, properties, stack_name):
        check(properties[config_name])
        headers, _ = checked(service_create(element(config_name, properties[config_name])))
        physical_id = headers["Location"].rpartition("/")[2]
        return physical_id, attributes(physical_id)

    def update(physical_id, old, new, stack_name):
        etag = {"if-match": store[physical_id]["ETag"]}
        checked(service_update(physical_id, etag, element(config_name, new[config_name])))
        return physical_id, attributes(physical_id)

    def delete(physical_id, properties):
        if physical_id in store:
            checked(service_delete(physical_id, {"if-match": store[physical_id]["ETag"]}))

    return {"create": create, "update": update, "delete": delete}


HANDLERS["AWS::CloudFront::PublicKey"] = cloudfront_handlers(
    "PublicKeyConfig",
    cloudfront._public_keys,
    cloudfront._create_public_key,
    # Rejects all changes except to the comment, as CloudFormation does when it updates a key in place:
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdatePublicKey.html
    cloudfront._update_public_key,
    cloudfront._delete_public_key,
    lambda config: check_public_key(config["EncodedKey"]),
)
HANDLERS["AWS::CloudFront::KeyGroup"] = cloudfront_handlers(
    "KeyGroupConfig",
    cloudfront._key_groups,
    cloudfront._create_key_group,
    cloudfront._update_key_group,
    cloudfront._delete_key_group,
)
