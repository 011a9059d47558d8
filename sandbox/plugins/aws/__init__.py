"""The stand-in for Pulumi's aws plugin: KMS, S3, IAM and STS over boto3."""
