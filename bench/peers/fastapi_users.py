"""The original user API, written anew from its contract: a dict in memory."""

from fastapi import FastAPI, HTTPException

app = FastAPI()
users = {}


@app.get("/health")
def health_check():
    return {"status": "healthy"}


@app.post("/users/")
def create_user(user_id: int, name: str, age: int):
    if user_id in users:
        return {"error": "User already exists"}
    users[user_id] = {"name": name, "age": age}
    return {"message": "User created successfully"}


@app.get("/users/")
def get_all_users():
    return users


@app.get("/users/{user_id}")
def get_user(user_id: int):
    if user_id not in users:
        raise HTTPException(status_code=404, detail="User not found")
    return users[user_id]
