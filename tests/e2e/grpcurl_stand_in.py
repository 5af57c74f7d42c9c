"""Does what grpcurl does with the options that docs/api.md uses: grpcurl is not on PyPI.

The contract comes from the server's reflection, the messages are JSON, one after another.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

_SECONDS = 60


def _documents(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        text = text[end:]
        yield document


def main(plaintext: str, data_option: str, data: str, target: str, name: str) -> None:
    assert (plaintext, data_option) == ("-plaintext", "-d")
    service, method = name.split("/")
    with grpc.insecure_channel(target) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        described = pool.FindServiceByName(service).methods_by_name[method]
        request_class = GetMessageClass(described.input_type)
        answer_class = GetMessageClass(described.output_type)
        kind = "stream" if described.client_streaming else "unary"
        kind += "_stream" if described.server_streaming else "_unary"
        call = getattr(channel, kind)(
            f"/{name}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=answer_class.FromString,
        )
        text = sys.stdin.read() if data == "@" else data
        requests = [json_format.ParseDict(each, request_class()) for each in _documents(text)]
        answer = call(
            iter(requests) if described.client_streaming else requests[0], timeout=_SECONDS
        )
        for each in answer if described.server_streaming else [answer]:
            print(json_format.MessageToJson(each, descriptor_pool=pool))  # noqa: T201 - its output


if __name__ == "__main__":
    main(*sys.argv[1:])
