"""A gRPC function: grpc_function.py serve ADDRESS, or grpc_function.py call ADDRESS METHOD TEXT...

Methods: Echo gives the text back, Fail aborts with the code that the text names, Count streams as many messages as the
text says, 50 ms apart. The client calls on one channel and prints the code of each call.
"""

import sys
import time
from concurrent import futures

import grpc


def echo(request, context):
    del context
    return request


def fail(request, context):
    context.abort(grpc.StatusCode[request.decode()], "as asked for")


def count(request, context):
    del context
    for i in range(int(request)):
        time.sleep(0.05)
        yield str(i).encode()


def serve(address):
    server = grpc.server(futures.ThreadPoolExecutor(4))
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Count": grpc.unary_stream_rpc_method_handler(count),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Function", handlers),))
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


def call(address, method, texts):
    with grpc.insecure_channel(address) as channel:
        ask = (channel.unary_stream if method == "Count" else channel.unary_unary)(f"/test.Function/{method}")
        for text in texts:
            try:
                answer = ask(text.encode(), timeout=10)
                print("OK", len(list(answer)) if method == "Count" else answer.decode())
            except grpc.RpcError as error:
                print(error.code().name)


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    call(sys.argv[2], sys.argv[3], sys.argv[4:])
