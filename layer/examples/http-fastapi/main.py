"""A web application with FastAPI: JSON, a streamed answer, an upload, and events that are no requests."""
import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    article: str
    quantity: int


@app.get("/")
def root():
    return {"greeting": "Hello, World!"}


@app.post("/orders", status_code=201)
def create(order: Order):
    return {"article": order.article, "total": order.quantity * 350}


@app.get("/ticks")
def ticks():
    async def numbers():
        for number in (1, 2, 3):
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(numbers(), media_type="text/event-stream")


@app.put("/files/{name}")
async def upload(name: str, request: Request):
    size = 0
    async for part in request.stream():
        size += len(part)
    return {"name": name, "bytes": size}


@app.post("/events")
async def event(request: Request):
    """What is no HTTP event comes here (AWS_LWA_PASS_THROUGH_PATH)."""
    return {"keys": sorted(await request.json())}
