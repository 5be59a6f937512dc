"""What PyPI's regex, jsonschema and lark say about texts."""
