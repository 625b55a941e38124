"""Deploy the stack: package what changed, upload it by content hash, run a CloudFormation change set."""
