"""The same producer on FastAPI."""

import random

from fastapi import FastAPI

app = FastAPI()


@app.get("/number")
async def number():
    return {"number": random.randint(1, 180)}
