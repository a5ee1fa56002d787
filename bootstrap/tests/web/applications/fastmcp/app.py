from fastmcp import FastMCP
from starlette.responses import PlainTextResponse

server = FastMCP("Prices")


@server.tool
def price(article: str) -> str:
    return f"{article} costs 350"


@server.custom_route("/healthz", methods=["GET"])
async def healthy(request):
    return PlainTextResponse("healthy")


app = server.http_app(transport="http", stateless_http=True, json_response=True)
