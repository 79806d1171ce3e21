"""The names of a node's widgets in a workflow as the editor saves it.

The editor writes a node's widget values as a bare list. Newer versions list the widgets' names
among the node's inputs; for files of older ones the names of the common nodes are here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

CONTROL = "control_after_generate"
_CONTROLS = frozenset(("fixed", "increment", "decrement", "randomize", "increment-wrap"))
_SEEDS = frozenset(("seed", "noise_seed", "seed_num"))
# What is written after a file's name by the button that uploads one, and other ends of no use.
_BUTTONS = ("image", "video", "audio", "upload")

Spec = tuple[tuple[str, str], ...]

# Nodes and their widgets in order: # a number, ? true or false, * anything, else a text. A seed's
# control is never listed. Widgets that say nothing about the picture are left out at the end (*).
# A ~ is a blank in a node's name.
_TABLE = """
KSampler: seed# steps# cfg# sampler_name scheduler denoise#
KSamplerAdvanced: add_noise noise_seed# steps# cfg# sampler_name scheduler start_at_step# \
end_at_step# return_with_leftover_noise
SamplerCustom: add_noise? noise_seed# cfg#
RandomNoise: noise_seed#
SeedNode: seed#
KSamplerSelect: sampler_name
BasicScheduler: scheduler steps# denoise#
KarrasScheduler PolyexponentialScheduler: steps# sigma_max# sigma_min# rho#
ExponentialScheduler: steps# sigma_max# sigma_min#
LaplaceScheduler: steps# sigma_max# sigma_min# mu# beta#
VPScheduler: steps# beta_d# beta_min# eps_s#
BetaSamplingScheduler: steps# alpha# beta#
SDTurboScheduler: steps# denoise#
AlignYourStepsScheduler OptimalStepsScheduler: model_type steps# denoise#
GITSScheduler: coeff# steps# denoise#
Flux2Scheduler: steps# width# height#
LTXVScheduler: steps# max_shift# base_shift# stretch? terminal#
Ideogram4Scheduler: steps# width# height# mu# std#
ManualSigmas: sigmas
SplitSigmas: step#
SplitSigmasDenoise: denoise#
SetFirstSigma: sigma#
ExtendIntermediateSigmas: steps# start_at_sigma# end_at_sigma# spacing
CFGGuider DualModelGuider: cfg#
DualCFGGuider: cfg_conds# cfg_cond2_negative# style
PerpNegGuider: cfg# neg_scale#
LTXVDualCFGGuider: video_cfg# audio_cfg#
CFGOverride: cfg# start_percent# end_percent#
SamplerEulerAncestral SamplerEulerAncestralCFGPP SamplerDPMPP_2S_Ancestral: eta# s_noise#
SamplerLMS: order#
SamplerLCM: s_noise# s_noise_end# noise_clip_std#
SamplerDPMPP_3M_SDE: eta# s_noise# noise_device
SamplerDPMPP_2M_SDE: solver_type eta# s_noise# noise_device
SamplerDPMPP_SDE: eta# s_noise# r# noise_device
SamplerER_SDE: solver_type max_stage# eta# s_noise#
SamplerSEEDS2: solver_type eta# s_noise# r#
CheckpointLoaderSimple unCLIPCheckpointLoader ImageOnlyCheckpointLoader LTXVAudioVAELoader: \
ckpt_name
CheckpointLoader: config_name ckpt_name
DiffusersLoader: model_path
UNETLoader: unet_name weight_dtype
UnetLoaderGGUF: unet_name
CLIPLoader: clip_name type device
CLIPLoaderGGUF: clip_name type
DualCLIPLoader: clip_name1 clip_name2 type device
DualCLIPLoaderGGUF: clip_name1 clip_name2 type
TripleCLIPLoader: clip_name1 clip_name2 clip_name3
QuadrupleCLIPLoader: clip_name1 clip_name2 clip_name3 clip_name4
LTXAVTextEncoderLoader: text_encoder ckpt_name device
VAELoader: vae_name
LoraLoader LoraLoaderBypass: lora_name strength_model# strength_clip#
LoraLoaderModelOnly LoraLoaderBypassModelOnly: lora_name strength_model#
HypernetworkLoader: hypernetwork_name strength#
UpscaleModelLoader LatentUpscaleModelLoader: model_name
ControlNetLoader: control_net_name
CLIPVisionLoader: clip_name
StyleModelLoader: style_model_name
ModelPatchLoader: name
CLIPSetLastLayer: stop_at_clip_layer#
ModelSamplingSD3 ModelSamplingAuraFlow ModelSamplingStableCascade: shift#
ModelSamplingFlux: max_shift# base_shift# width# height#
ModelSamplingLTXV: max_shift# base_shift#
ModelSamplingDiscrete: sampling zsnr?
RescaleCFG ConditioningMultiply LatentMultiply: multiplier#
CFGNorm: strength# pre_cfg?
CLIPTextEncode CLIPTextEncodeControlnet: text
CLIPTextEncodeSDXL: width# height# crop_w# crop_h# target_width# target_height# text_g text_l
CLIPTextEncodeSDXLRefiner: ascore# width# height# text
CLIPTextEncodeSD3: clip_l clip_g t5xxl empty_padding
CLIPTextEncodeFlux: clip_l t5xxl guidance#
CLIPTextEncodeHunyuanDiT: bert mt5xl
CLIPTextEncodeHiDream: clip_l clip_g t5xxl llama
CLIPTextEncodePixArtAlpha: width# height# text
CLIPTextEncodeLumina2: system_prompt user_prompt
CLIPTextEncodeKandinsky5: clip_l qwen25_7b
TextEncodeQwenImageEdit TextEncodeQwenImageEditPlus TextEncodeJoyImageEdit: prompt
TextEncodeBooguEdit: prompt negative_prompt
TextEncodeMageFlowEdit: prompt negative_prompt width# height# batch_size#
TextEncodeZImageOmni: prompt auto_resize_images?
TextEncodeHunyuanVideo_ImageToVideo: prompt image_interleave#
TextEncodeAceStepAudio: tags lyrics lyrics_strength#
TextEncodeAceStepAudio1.5: tags lyrics seed# bpm# duration# timesignature language keyscale \
generate_audio_codes? cfg_scale# temperature# top_p# top_k# min_p#
TextGenerate TextGenerateLTX2Prompt: prompt *
FluxGuidance: guidance#
ConditioningAverage: conditioning_to_strength#
ConditioningSetArea ConditioningSetAreaPercentage: width# height# x# y# strength#
ConditioningSetAreaStrength ControlNetApply DifferentialDiffusion: strength#
ConditioningSetMask: strength# set_cond_area
ConditioningSetTimestepRange: start# end#
ControlNetApplyAdvanced ControlNetApplySD3 ControlNetInpaintingAliMamaApply: strength# \
start_percent# end_percent#
StyleModelApply: strength# strength_type
unCLIPConditioning: strength# noise_augmentation#
InpaintModelConditioning: noise_mask?
LTXVConditioning: frame_rate#
FluxKontextMultiReferenceLatentMethod: reference_latents_method
SVD_img2vid_Conditioning: width# height# video_frames# motion_bucket_id# fps# augmentation_level#
EmptyLatentImage EmptySD3LatentImage EmptyHunyuanImageLatent EmptyFlux2LatentImage \
EmptyChromaRadianceLatentImage EmptyHiDreamO1LatentImage: width# height# batch_size#
StableCascade_EmptyLatentImage: width# height# compression# batch_size#
EmptyHunyuanLatentVideo EmptyHunyuanVideo15Latent HunyuanVideo15ImageToVideo \
EmptyMochiLatentVideo EmptyLTXVLatentVideo EmptyCosmosLatentVideo CosmosImageToVideoLatent \
CosmosPredict2ImageToVideoLatent WanImageToVideo WanFunControlToVideo Wan22FunControlToVideo \
WanFunInpaintToVideo WanFirstLastFrameToVideo WanPhantomSubjectToVideo WanHuMoImageToVideo \
Wan22ImageToVideoLatent Kandinsky5ImageToVideo VOIDInpaintConditioning VOIDWarpedNoise: width# \
height# length# batch_size#
HunyuanImageToVideo: width# height# length# batch_size# guidance_type
LTXVImgToVideo WanVaceToVideo: width# height# length# batch_size# strength#
LTXVImgToVideoInplace: strength# bypass?
WanAnimateToVideo: width# height# length# batch_size# continue_motion_max_frames# \
video_frame_offset#
EmptyQwenImageLayeredLatentImage: width# height# layers# batch_size#
EmptyAceStepLatentAudio EmptyAceStep1.5LatentAudio: seconds# batch_size#
LatentUpscale ImageScale: upscale_method width# height# crop
LatentUpscaleBy ImageScaleBy: upscale_method scale_by#
ImageScaleToTotalPixels: upscale_method megapixels# resolution_steps#
ImageScaleToMaxDimension: upscale_method largest_size#
LatentFromBatch ImageFromBatch: batch_index# length#
RepeatLatentBatch RepeatImageBatch: amount#
LatentCrop ImageCrop: width# height# x# y#
LatentComposite: x# y# feather#
LatentCompositeMasked ImageCompositeMasked: x# y# resize_source?
LatentBlend: blend_factor#
ImageBlend: blend_factor# blend_mode
EmptyImage: width# height# batch_size# color#
ImagePadForOutpaint: left# top# right# bottom# feathering#
VAEEncodeForInpaint: grow_mask_by#
VAEDecodeTiled VAEEncodeTiled: tile_size# overlap# temporal_size# temporal_overlap#
ResolutionSelector: aspect_ratio megapixels# multiple#
LoadImage LoadImageOutput: image
SaveImage SaveAnimatedWEBP SaveAnimatedPNG SaveWEBM SaveVideo SaveImageAdvanced SaveAudio \
SaveAudioMP3: filename_prefix *
PrimitiveString PrimitiveStringMultiline: value
PrimitiveInt PrimitiveFloat: value#
PrimitiveBoolean: value?
ComfySwitchNode ComfySoftSwitchNode: switch?
StringConcatenate: string_a string_b delimiter
StringReplace: string find replace
StringTrim: string mode
StringFormat: f_string
CustomCombo: choice
ComfyMathExpression: expression
Efficient~Loader: ckpt_name vae_name clip_skip# lora_name lora_model_strength# \
lora_clip_strength# positive negative token_normalization weight_interpretation \
empty_latent_width# empty_latent_height# batch_size#
KSampler~(Efficient): seed# steps# cfg# sampler_name scheduler denoise# preview_method vae_decode
UltimateSDUpscale: upscale_by# seed# steps# cfg# sampler_name scheduler denoise# *
ImpactWildcardEncode ImpactWildcardProcessor: wildcard_text populated_text *
CR~LoRA~Stack: switch_1 lora_name_1 model_weight_1# clip_weight_1# switch_2 lora_name_2 \
model_weight_2# clip_weight_2# switch_3 lora_name_3 model_weight_3# clip_weight_3#
Seed~(rgthree): seed#
Text~Multiline: text
easy~fullLoader: ckpt_name config_name vae_name clip_skip# lora_name lora_model_strength# \
lora_clip_strength# resolution empty_latent_width# empty_latent_height# positive *
easy~a1111Loader easy~comfyLoader: ckpt_name vae_name clip_skip# lora_name lora_model_strength# \
lora_clip_strength# resolution empty_latent_width# empty_latent_height# positive negative *
easy~preSampling: steps# cfg# sampler_name scheduler denoise# seed#
easy~positive: positive
easy~negative: negative
easy~seed: seed#
WanVideoSampler: steps# cfg# shift# seed# force_offload? scheduler riflex_freq_index# \
denoise_strength# *
WanVideoTextEncode: positive_prompt negative_prompt *
WanVideoModelLoader: model *
WanVideoVAELoader: model_name *
WanVideoLoraSelect: lora strength# *
WanVideoEmptyEmbeds: width# height# num_frames# *
WanVideoImageClipEncode: generation_width# generation_height# num_frames# *
"""


@lru_cache(maxsize=1)
def _known() -> dict[str, Spec]:
    found: dict[str, Spec] = {}
    for line in _TABLE.strip().splitlines():
        kinds, _colon, names = line.partition(": ")
        spec = tuple(_split(name) for name in names.split())
        for kind in kinds.split():
            found[kind.replace("~", " ")] = spec
    return found


def _split(name: str) -> tuple[str, str]:
    if name == "*":
        return "", "*"
    return (name[:-1], name[-1]) if name[-1] in "#?*" else (name, "")


def widget_values(node: dict[str, Any]) -> dict[str, Any]:
    """A node's widget values by name, as far as the names are certain."""
    named = node.get("widgets_values_named")
    if isinstance(named, dict):
        return {str(name): value for name, value in named.items() if name != CONTROL}
    values = node.get("widgets_values")
    if isinstance(values, dict):  # VideoHelperSuite
        return {str(name): value for name, value in values.items() if name != "videopreview"}
    if not isinstance(values, list) or not values:
        return {}
    kind = node.get("type")
    known = _known().get(kind) if isinstance(kind, str) else None
    found: dict[str, Any] = {}
    if known:
        found, whole = _aligned(known, values)
        if whole:
            return found
    listed = tuple(_listed(node.get("inputs")))
    if listed:
        own, whole = _aligned(listed, values)
        if whole and len(own) == len(listed):
            return own
    rows = [value for value in values if isinstance(value, dict) and "lora" in value]
    if rows:
        return {f"lora_{at}": row for at, row in enumerate(rows, 1)}
    if known and len(found) > len(known) // 2:
        return found
    return _guessed(node, values)


def _listed(inputs: Any) -> list[tuple[str, str]]:
    """The widgets that the node itself names, with the kinds of their values."""
    found = []
    for each in inputs if isinstance(inputs, list) else ():
        if isinstance(each, dict) and isinstance(each.get("widget"), dict):
            name, kind = each.get("name"), each.get("type")
            if isinstance(name, str) and name != CONTROL:
                found.append((name, _KINDS.get(kind, "*") if isinstance(kind, str) else "*"))
    return found


_KINDS = {"INT": "#", "FLOAT": "#", "BOOLEAN": "?", "STRING": ""}


def _aligned(spec: Spec, values: list[Any]) -> tuple[dict[str, Any], bool]:
    """Values by name as far as they are of the right kind, and whether all of them were."""
    found: dict[str, Any] = {}
    at = 0
    for name, kind in spec:
        if not name:  # whatever follows is of no use
            return found, True
        if at >= len(values):
            # A version of the node with fewer widgets.
            return found, True
        value = values[at]
        if not _fits(value, kind):
            return found, False
        found[name] = value
        at += 1
        if kind in ("#", "*") and at < len(values) and _controls(name, values[at]):
            at += 1
    return found, all(each is None or each in ("", *_BUTTONS) for each in values[at:])


def _controls(name: str, value: Any = "") -> bool:
    """Whether this is what becomes of a seed after a run; old versions had true or false."""
    if isinstance(value, str):
        return value in _CONTROLS
    return name in _SEEDS and (isinstance(value, bool) or value is None)


def _fits(value: Any, kind: str) -> bool:
    if kind == "*":
        return True
    if kind == "#":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "?":
        return isinstance(value, bool) or value in ("enable", "disable")
    return isinstance(value, str)


def _guessed(node: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    """Of a node that nobody described: a lone value, and the text of a text encoder."""
    if len(values) == 1 and isinstance(values[0], (str, int, float)):
        return {"value": values[0]}
    outputs = node.get("outputs")
    first = outputs[0] if isinstance(outputs, list) and outputs else None
    if not isinstance(first, dict):
        return {}
    if first.get("type") == "CONDITIONING" and isinstance(values[0], str):
        inputs = node.get("inputs")
        listed = inputs if isinstance(inputs, list) else ()
        kinds = [each.get("type") for each in listed if isinstance(each, dict)]
        return {"text": values[0]} if "CLIP" in kinds else {}
    if first.get("type") == "INT" and type(values[0]) is int and _controls("seed", *values[1:2]):
        return {"seed": values[0]}
    return {}
