"""Rules over keys, buckets, documents, trust and access keys of AWS and Alibaba Cloud."""
