"""Reads bodies of /v1/traces, one a line of JSON, with PyPI's opentelemetry-proto, and writes the spans as one JSON list.

protobuf's JSON takes bytes as base64, and OTLP writes ids in hexadecimal: hexadecimal would be misread in silence.
"""

import base64
import json
import re
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
NUMBERS = ("startTimeUnixNano", "endTimeUnixNano")


def plain(value):
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def main():
    spans = []
    for line in sys.stdin:
        if not line.strip():
            continue
        body = json.loads(line)
        for resource in body["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    for key, length in IDS.items():
                        if key in span:
                            assert re.fullmatch(f"[0-9a-f]{{{length}}}", span[key]), span[key]
                            span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
                    for key in NUMBERS:
                        assert isinstance(span[key], str), "64-bit integers are strings"
        request = ExportTraceServiceRequest()
        # Unknown members are errors.
        json_format.Parse(json.dumps(body), request)
        for resource in request.resource_spans:
            service = {pair.key: plain(pair.value) for pair in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    assert len(span.trace_id) == 16 and len(span.span_id) == 8
                    spans.append({
                        "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                        "name": span.name, "kind": span.kind, "start": span.start_time_unix_nano,
                        "end": span.end_time_unix_nano, "status": span.status.code, "message": span.status.message,
                        "attributes": {pair.key: plain(pair.value) for pair in span.attributes},
                        "service": service["service.name"], "scope": scope.scope.name})
    json.dump(spans, sys.stdout)


main()
