"""What is behind the gateway: a gRPC server on port 9000 that echoes, and WebSockets on 9001 that do."""
import asyncio
import concurrent.futures

import grpc
import websockets


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        kinds = {
            "/echo/Once": grpc.unary_unary_rpc_method_handler(lambda message, _: message),
            "/echo/Each": grpc.stream_stream_rpc_method_handler(lambda messages, _: messages),
            "/echo/Refused": grpc.unary_unary_rpc_method_handler(self.refused),
        }
        return kinds.get(details.method)

    def refused(self, _, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: 100%")


async def echo(socket, *_):
    async for message in socket:
        await socket.send(message)


async def serve():
    async with websockets.serve(echo, "0.0.0.0", 9001):
        await asyncio.Future()


server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), handlers=[Echo()])
server.add_insecure_port("0.0.0.0:9000")
server.start()
asyncio.run(serve())
