# What is shipped, and what people build with it. Sourced by scripts/test.

shipping() { "$TOOLS/templates/bin/python" "$ROOT/tests/shipping/run.py" "$@"; }

# Templates, container images and scripts/bench-aws, by the tools that scripts/setup templates has.
product_tests() {
    "$ROOT/scripts/setup" templates
    if [ -n "$long" ]; then
        check "soak" "$ROOT/scripts/soak" --no-build
    else
        check "soak, short" "$ROOT/scripts/soak" --no-build --short
    fi
    tests "SAM templates" shipping sam_templates sam_http
    if [ "$WAY" = rustup ]; then
        tests "projects of the template" shipping template
    else
        skip 4 "projects of the template, which are built with rustup's own std"
    fi
    tests "CDK, Terraform, Dockerfile" shipping other_templates
    tests "container images" shipping images
    # Again, now with CycloneDX's own validator.
    tests "the layer's bill of materials" shipping products.Layer
    tests "bench on AWS, against a stand-in" shipping bench_aws
    check "restored virtual machines share no id" "$ROOT/scripts/verify-clones" --short
}
