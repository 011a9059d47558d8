"""Objects inside S3's properties: Pulumi's names and AWS's, both ways."""

from collections.abc import Mapping
from typing import Any

Shape = Mapping[str, "str | tuple[str, Shape]"]
"""Pulumi's name -> AWS's name, and the shape of what is inside, if it is an object or a list of them."""

VERSIONING: Shape = {"status": "Status", "mfaDelete": "MFADelete"}

OWNERSHIP: Shape = {"objectOwnership": "ObjectOwnership"}

ENCRYPTION: Shape = {
    "applyServerSideEncryptionByDefault": (
        "ApplyServerSideEncryptionByDefault",
        {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
    ),
    "bucketKeyEnabled": "BucketKeyEnabled",
}

LIFECYCLE: Shape = {
    "id": "ID",
    "status": "Status",
    "prefix": "Prefix",
    "filter": ("Filter", {"prefix": "Prefix"}),
    "expiration": (
        "Expiration",
        {"days": "Days", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"},
    ),
    "noncurrentVersionExpiration": (
        "NoncurrentVersionExpiration",
        {
            "noncurrentDays": "NoncurrentDays",
            "newerNoncurrentVersions": "NewerNoncurrentVersions",
        },
    ),
    "abortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        {"daysAfterInitiation": "DaysAfterInitiation"},
    ),
    "transitions": ("Transitions", {"days": "Days", "storageClass": "StorageClass"}),
}


def to_wire(value: Any, shape: Shape) -> Any:
    """Give what boto3 takes."""
    if isinstance(value, list | tuple):
        return [to_wire(each, shape) for each in value]
    wire = {}
    for name, each in value.items():
        if each is None:
            continue
        known = shape[name]
        if isinstance(known, str):
            wire[known] = each
        else:
            wire[known[0]] = to_wire(each, known[1])
    return wire


def from_wire(wire: Any, shape: Shape) -> Any:
    """Give what Pulumi knows; what has no name here is left out."""
    if isinstance(wire, list | tuple):
        return [from_wire(each, shape) for each in wire]
    value = {}
    for name, known in shape.items():
        wired, inner = (known, None) if isinstance(known, str) else known
        if wire and wired in wire:
            value[name] = wire[wired] if inner is None else from_wire(wire[wired], inner)
    return value
