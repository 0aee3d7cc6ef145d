"""The messages of gRPC's health and reflection services, described without a compiler."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_KINDS = descriptor_pb2.FieldDescriptorProto
_STRING, _BYTES, _INT32, _ENUM = (
    _KINDS.TYPE_STRING,
    _KINDS.TYPE_BYTES,
    _KINDS.TYPE_INT32,
    _KINDS.TYPE_ENUM,
)

HEALTH = "grpc.health.v1"
REFLECTION = "grpc.reflection.v1alpha"


def _add(message, name, number, kind, many=False, choice=False):
    field = message.field.add(name=name, number=number)
    field.label = _KINDS.LABEL_REPEATED if many else _KINDS.LABEL_OPTIONAL
    if isinstance(kind, str):
        field.type, field.type_name = _KINDS.TYPE_MESSAGE, kind
    else:
        field.type = kind
    if choice:
        field.oneof_index = 0
    return field


def _service(file, name, method, question, answer, streams):
    service = next((x for x in file.service if x.name == name), None) or file.service.add(name=name)
    found = service.method.add(
        name=method, client_streaming=streams[0], server_streaming=streams[1]
    )
    found.input_type, found.output_type = f".{file.package}.{question}", f".{file.package}.{answer}"


def health():
    file = descriptor_pb2.FileDescriptorProto(name="health.proto", package=HEALTH, syntax="proto3")
    _add(file.message_type.add(name="HealthCheckRequest"), "service", 1, _STRING)
    answer = file.message_type.add(name="HealthCheckResponse")
    status = answer.enum_type.add(name="ServingStatus")
    for number, name in enumerate(("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")):
        status.value.add(name=name, number=number)
    _add(answer, "status", 1, _ENUM).type_name = f".{HEALTH}.HealthCheckResponse.ServingStatus"
    for method, streams in (("Check", False), ("Watch", True)):
        _service(
            file, "Health", method, "HealthCheckRequest", "HealthCheckResponse", (False, streams)
        )
    return file


def reflection():
    file = descriptor_pb2.FileDescriptorProto(
        name="reflection.proto", package=REFLECTION, syntax="proto3"
    )
    question = file.message_type.add(name="ServerReflectionRequest")
    question.oneof_decl.add(name="message_request")
    _add(question, "host", 1, _STRING)
    for name, number in (
        ("file_by_filename", 3),
        ("file_containing_symbol", 4),
        ("list_services", 7),
    ):
        _add(question, name, number, _STRING, choice=True)
    _add(
        file.message_type.add(name="FileDescriptorResponse"),
        "file_descriptor_proto",
        1,
        _BYTES,
        many=True,
    )
    _add(file.message_type.add(name="ServiceResponse"), "name", 1, _STRING)
    _add(
        file.message_type.add(name="ListServiceResponse"),
        "service",
        1,
        f".{REFLECTION}.ServiceResponse",
        many=True,
    )
    error = file.message_type.add(name="ErrorResponse")
    _add(error, "error_code", 1, _INT32)
    _add(error, "error_message", 2, _STRING)
    answer = file.message_type.add(name="ServerReflectionResponse")
    answer.oneof_decl.add(name="message_response")
    _add(answer, "valid_host", 1, _STRING)
    _add(answer, "original_request", 2, f".{REFLECTION}.ServerReflectionRequest")
    for name, number, kind in (
        ("file_descriptor_response", 4, "FileDescriptorResponse"),
        ("list_services_response", 6, "ListServiceResponse"),
        ("error_response", 7, "ErrorResponse"),
    ):
        _add(answer, name, number, f".{REFLECTION}.{kind}", choice=True)
    names = ("ServerReflectionRequest", "ServerReflectionResponse")
    _service(file, "ServerReflection", "ServerReflectionInfo", *names, (True, True))
    return file


FILES = (health(), reflection())
_POOL = descriptor_pool.DescriptorPool()
for _file in FILES:
    _POOL.Add(_file)
_FACTORY = message_factory.MessageFactory(_POOL)


def message(name):
    return _FACTORY.GetPrototype(_POOL.FindMessageTypeByName(name))
