"""Writes node graphs as ComfyUI saves them: the prompt (API) and the workflow (UI format)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

# What each node type gives out, in order.
OUTPUTS = {
    "CheckpointLoaderSimple": ("MODEL", "CLIP", "VAE"),
    "UNETLoader": ("MODEL",),
    "DualCLIPLoader": ("CLIP",),
    "VAELoader": ("VAE",),
    "LoraLoader": ("MODEL", "CLIP"),
    "CLIPTextEncode": ("CONDITIONING",),
    "FluxGuidance": ("CONDITIONING",),
    "EmptyLatentImage": ("LATENT",),
    "KSampler": ("LATENT",),
    "KSamplerSelect": ("SAMPLER",),
    "BasicScheduler": ("SIGMAS",),
    "BasicGuider": ("GUIDER",),
    "RandomNoise": ("NOISE",),
    "SamplerCustomAdvanced": ("LATENT", "LATENT"),
    "LatentUpscaleBy": ("LATENT",),
    "VAEDecode": ("IMAGE",),
    "UpscaleModelLoader": ("UPSCALE_MODEL",),
    "ImageUpscaleWithModel": ("IMAGE",),
    "CreateVideo": ("VIDEO",),
    "EmptyLatentAudio": ("LATENT",),
    "VAEDecodeAudio": ("AUDIO",),
}
# The frontend adds a widget of its own after a seed.
SEEDS = {"seed", "noise_seed"}


@dataclass(frozen=True)
class Recipe:
    """What a generation was made with."""

    positive: str
    negative: str
    checkpoint: str
    seed: int
    width: int
    height: int
    sampler: str = "euler"
    scheduler: str = "normal"
    steps: int = 20
    cfg: float = 7.0
    loras: tuple[tuple[str, float], ...] = ()
    upscale: float = 0.0
    prefix: str = "ComfyUI"
    saves: str = "SaveImage"


@dataclass
class Graph:
    """Nodes in the order they were added; a link is `[node id, output number]`."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, kind: str, title: str = "", **inputs: Any) -> str:
        number = str(len(self.nodes) + 1)
        self.nodes[number] = {
            "inputs": inputs,
            "class_type": kind,
            "_meta": {"title": title or kind},
        }
        return number

    def workflow(self) -> dict[str, Any]:
        """The same graph as the frontend would save it."""
        links: list[list[Any]] = []
        drawn: dict[str, dict[str, Any]] = {}
        for order, (number, node) in enumerate(self.nodes.items()):
            kind = node["class_type"]
            drawn[number] = {
                "id": int(number),
                "type": kind,
                "pos": [60 + 330 * (order % 5), 120 + 260 * (order // 5)],
                "size": [300, 60 + 26 * len(node["inputs"])],
                "flags": {},
                "order": order,
                "mode": 0,
                "inputs": [],
                "outputs": [
                    {"name": output, "type": output, "links": [], "slot_index": slot}
                    for slot, output in enumerate(OUTPUTS.get(kind, ()))
                ],
                "title": node["_meta"]["title"],
                "properties": {"Node name for S&R": kind, "cnr_id": "comfy-core", "ver": "0.3.64"},
                "widgets_values": [],
            }
            for name, value in node["inputs"].items():
                if not is_link(value):
                    drawn[number]["widgets_values"].append(value)
                    if name in SEEDS:
                        drawn[number]["widgets_values"].append("randomize")
                    continue
                output = drawn[value[0]]["outputs"][value[1]]
                link = len(links) + 1
                slot = len(drawn[number]["inputs"])
                links.append([link, int(value[0]), value[1], int(number), slot, output["type"]])
                output["links"].append(link)
                drawn[number]["inputs"].append({"name": name, "type": output["type"], "link": link})
        name = "".join(node["class_type"] for node in self.nodes.values())
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            "revision": 0,
            "last_node_id": len(drawn),
            "last_link_id": len(links),
            "nodes": list(drawn.values()),
            "links": links,
            "groups": [],
            "config": {},
            "extra": {"ds": {"scale": 0.8, "offset": [140, 60]}, "frontendVersion": "1.27.10"},
            "version": 0.4,
        }


def is_link(value: Any) -> bool:
    return isinstance(value, list)


def text_to_image(recipe: Recipe) -> Graph:
    """Checkpoint, LoRAs, two prompts, a sampler, perhaps a second pass, decode, save."""
    graph = Graph()
    loader = graph.add("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=recipe.checkpoint)
    model, clip, vae = [loader, 0], [loader, 1], [loader, 2]
    model, clip = add_loras(graph, recipe, model, clip)
    positive = graph.add("CLIPTextEncode", "Positive prompt", text=recipe.positive, clip=clip)
    negative = graph.add("CLIPTextEncode", "Negative prompt", text=recipe.negative, clip=clip)
    latent = graph.add(
        "EmptyLatentImage", "Size", width=recipe.width, height=recipe.height, batch_size=1
    )

    def sample(source: str, steps: int, denoise: float) -> str:
        return graph.add(
            "KSampler",
            seed=recipe.seed,
            steps=steps,
            cfg=recipe.cfg,
            sampler_name=recipe.sampler,
            scheduler=recipe.scheduler,
            denoise=denoise,
            model=model,
            positive=[positive, 0],
            negative=[negative, 0],
            latent_image=[source, 0],
        )

    sampled = sample(latent, recipe.steps, 1.0)
    if recipe.upscale:
        larger = graph.add(
            "LatentUpscaleBy",
            "Upscale latent",
            samples=[sampled, 0],
            upscale_method="bislerp",
            scale_by=recipe.upscale,
        )
        sampled = sample(larger, max(recipe.steps // 2, 8), 0.5)
    save(graph, recipe, [sampled, 0], vae)
    return graph


def flux(recipe: Recipe) -> Graph:
    """Separate loaders and the custom sampler, as the Flux templates have it."""
    graph = Graph()
    unet = graph.add(
        "UNETLoader", "Load model", unet_name=recipe.checkpoint, weight_dtype="default"
    )
    clip_loader = graph.add(
        "DualCLIPLoader",
        clip_name1="t5xxl_fp8_e4m3fn.safetensors",
        clip_name2="clip_l.safetensors",
        type="flux",
    )
    vae = graph.add("VAELoader", "Load VAE", vae_name="ae.safetensors")
    model, clip = add_loras(graph, recipe, [unet, 0], [clip_loader, 0])
    text = graph.add("CLIPTextEncode", "Prompt", text=recipe.positive, clip=clip)
    guided = graph.add("FluxGuidance", conditioning=[text, 0], guidance=recipe.cfg)
    latent = graph.add(
        "EmptyLatentImage", "Size", width=recipe.width, height=recipe.height, batch_size=1
    )
    noise = graph.add("RandomNoise", noise_seed=recipe.seed)
    guider = graph.add("BasicGuider", model=model, conditioning=[guided, 0])
    sampler = graph.add("KSamplerSelect", sampler_name=recipe.sampler)
    sigmas = graph.add(
        "BasicScheduler", model=model, scheduler=recipe.scheduler, steps=recipe.steps, denoise=1.0
    )
    sampled = graph.add(
        "SamplerCustomAdvanced",
        noise=[noise, 0],
        guider=[guider, 0],
        sampler=[sampler, 0],
        sigmas=[sigmas, 0],
        latent_image=[latent, 0],
    )
    save(graph, recipe, [sampled, 0], [vae, 0])
    return graph


def add_loras(graph: Graph, recipe: Recipe, model: list, clip: list) -> tuple[list, list]:
    for name, strength in recipe.loras:
        lora = graph.add(
            "LoraLoader",
            "Load LoRA",
            lora_name=name,
            strength_model=strength,
            strength_clip=strength,
            model=model,
            clip=clip,
        )
        model, clip = [lora, 0], [lora, 1]
    return model, clip


def save(graph: Graph, recipe: Recipe, latent: list, vae: list) -> None:
    if recipe.saves == "SaveAudio":
        sound = graph.add("VAEDecodeAudio", samples=latent, vae=vae)
        graph.add("SaveAudio", "Save Audio", audio=[sound, 0], filename_prefix=recipe.prefix)
        return
    image = graph.add("VAEDecode", "VAE Decode", samples=latent, vae=vae)
    if recipe.saves == "SaveVideo":
        video = graph.add("CreateVideo", images=[image, 0], fps=24.0)
        graph.add(
            "SaveVideo", video=[video, 0], filename_prefix=recipe.prefix, format="mp4", codec="h264"
        )
        return
    graph.add("SaveImage", "Save Image", images=[image, 0], filename_prefix=recipe.prefix)


def infotext(recipe: Recipe) -> str:
    """The `parameters` text that A1111 and its relatives write."""
    loras = "".join(f", <lora:{name.split('.')[0]}:{weight}>" for name, weight in recipe.loras)
    return (
        f"{recipe.positive}{loras}\nNegative prompt: {recipe.negative}\n"
        f"Steps: {recipe.steps}, Sampler: DPM++ 2M Karras, CFG scale: {recipe.cfg}, "
        f"Seed: {recipe.seed}, Size: {recipe.width}x{recipe.height}, "
        f"Model hash: {recipe.seed % 0xFFFFFFFFFF:010x}, "
        f"Model: {recipe.checkpoint.split('.')[0]}, Version: v1.10.1"
    )
