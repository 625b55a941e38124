"""The command line, the deployer, the supervisor and the build steps: what runs on the operator's machine."""
