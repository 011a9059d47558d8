"""Alibaba Cloud's KMS, STS and OSS as far as custody and the seal call them, written from the documented API.

There is no emulator of it. What this holds a client to: the signature (ACS3-HMAC-SHA256, the RPC style's HMAC-SHA1 with
version 1.0, OSS4-HMAC-SHA256), computed anew from what arrived, over the headers or parameters that it must cover; API
versions and required parameters; sizes; RAM policies and trusts, evaluated as tests/components/cloud/alicloud/world.py
does; error codes, statuses and bodies; a version of an object for each PUT where the bucket keeps them, and
x-oss-forbid-overwrite doing nothing there.

What it does not check, and so nobody knows from tests: that the real service answers as its documentation says (which
code it gives for a ciphertext of another key is documented nowhere: here InvalidParameter); clock skew, the age of a
signature and nonces used twice; how long RAM takes to spread a permission; key policies, rotation and KMS instances;
that a plaintext comes back byte for byte whatever it holds; OSS's virtual-hosted addresses, CRC64, redirects and
consistency; TLS of the real endpoints; quotas.
"""
