"""What can stop a deployment.

DeployError
├── TemplateInvalid   the template cannot be read or names a file that is not there
├── BuildFailed       a layer or the site could not be built
├── ParameterMissing  a parameter without default has no value
└── StackFailed       CloudFormation refused or rolled back
"""

from __future__ import annotations


class DeployError(Exception):
    """Tell in one line why the deployment did not happen."""


class TemplateInvalid(DeployError):
    """The template cannot be read or names a file that is not there."""


class BuildFailed(DeployError):
    """A layer or the site could not be built."""


class ParameterMissing(DeployError):
    """A parameter without a default has no value."""


class StackFailed(DeployError):
    """CloudFormation refused the change or rolled it back."""
