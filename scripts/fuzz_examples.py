"""Whether every example of the API description fits the schema it stands beside."""

import json
import os
import sys
import urllib.request

import jsonschema_rs

JSON = "application/json"


def examples(document):
    """Where each stands, with its schema."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            holders = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, holder in holders.items():
                content = holder.get("content", {}).get(JSON, {})
                if "example" in content:
                    yield f"{method.upper()} {path} {name}", content["schema"], content["example"]


def main():
    with urllib.request.urlopen(f"{os.environ['FUZZ_API']}/openapi.json", timeout=30) as answer:
        document = json.load(answer)
    found, wrong = 0, 0
    for place, schema, example in examples(document):
        found += 1
        whole = {**schema, "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        for error in validator.iter_errors(example):
            wrong += 1
            print(f"{place}: {'.'.join(map(str, error.instance_path))}: {error.message}")
    print(f"  Examples: {found}, of which {wrong} do not fit")
    sys.exit(wrong > 0 or found == 0)


main()
