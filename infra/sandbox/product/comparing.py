"""stub"""
from infra.sandbox.product.scene import Scene


def compare(scene: Scene) -> None:
    import json
    print(json.dumps([scene.office.get(f"/invoices/{i}") for i in scene.invoices.values()], indent=1))
