"""A gRPC server with the standard services, health and reflection.

GRPC_TLS_CERT and GRPC_TLS_KEY name the files of a certificate, for TLS.
"""

import os
import signal
import threading
from concurrent import futures
from pathlib import Path

import grpc
from descriptors import FILES, HEALTH, REFLECTION, message

_Answer = message(f"{HEALTH}.HealthCheckResponse")
_Told = message(f"{REFLECTION}.ServerReflectionResponse")
_ENDING = threading.Event()
_SERVICES = {f"{file.package}.{service.name}": file for file in FILES for service in file.service}


def check(request, context):
    if request.service and request.service not in _SERVICES:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return _Answer(status=1)


def watch(request, context):
    yield _Answer(status=3 if request.service and request.service not in _SERVICES else 1)
    while context.is_active() and not _ENDING.wait(0.2):
        pass


def reflect(requests, context):
    for request in requests:
        answer = _Told(original_request=request)
        name = request.file_containing_symbol
        if request.WhichOneof("message_request") == "list_services":
            for service in sorted(_SERVICES):
                answer.list_services_response.service.add(name=service)
        elif name in _SERVICES:
            answer.file_descriptor_response.file_descriptor_proto.append(
                _SERVICES[name].SerializeToString()
            )
        else:
            answer.error_response.error_code = grpc.StatusCode.NOT_FOUND.value[0]
        yield answer


def handlers():
    def of(kind, function, question):
        return kind(function, question.FromString, lambda answer: answer.SerializeToString())

    asked = message(f"{HEALTH}.HealthCheckRequest")
    yield (
        f"{HEALTH}.Health",
        {
            "Check": of(grpc.unary_unary_rpc_method_handler, check, asked),
            "Watch": of(grpc.unary_stream_rpc_method_handler, watch, asked),
        },
    )
    question = message(f"{REFLECTION}.ServerReflectionRequest")
    yield (
        f"{REFLECTION}.ServerReflection",
        {"ServerReflectionInfo": of(grpc.stream_stream_rpc_method_handler, reflect, question)},
    )


def bind(server):
    certificate, key = (os.environ.get(f"GRPC_TLS_{name}") for name in ("CERT", "KEY"))
    if not certificate:
        return server.add_insecure_port("0.0.0.0:50051")
    pair = (Path(key).read_bytes(), Path(certificate).read_bytes())
    return server.add_secure_port("0.0.0.0:50051", grpc.ssl_server_credentials([pair]))


def main():
    server = grpc.server(futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, methods) for name, methods in handlers()]
    )
    bind(server)
    server.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _ENDING.set())
    while not _ENDING.wait(1):
        pass
    server.stop(1).wait()


main()
