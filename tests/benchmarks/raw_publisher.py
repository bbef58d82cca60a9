"""A user's own program that publishes raw pictures with framefan's Publisher; prints its address first."""

from framefan.producer import Publisher

from .pictures import pictures


def main() -> None:
    """Publish until this process is ended."""
    with Publisher("tcp://127.0.0.1:0") as publisher:
        print(f"{publisher.endpoint}/door", flush=True)
        for captured_ns, picture in pictures():
            publisher.publish("door", picture, captured_ns=captured_ns)


if __name__ == "__main__":
    main()
