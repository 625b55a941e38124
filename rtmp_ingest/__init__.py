"""The ingest: takes live streams by RTMP and makes media of them. A container on AWS, a process on a laptop."""
