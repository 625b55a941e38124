"""The command line, the deployer, the supervisor and the build steps: everything that runs on the operator's machine."""
