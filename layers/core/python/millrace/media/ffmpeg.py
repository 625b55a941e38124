"""Compile an encode plan to ffmpeg commands.

ffmpeg-python only writes down the typed plan as a filter graph and a list of arguments; running it is
`platform.process`'s business. Golden files in tests/golden pin the result.
"""

import math
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, Final

import ffmpeg as graph  # type: ignore[import-untyped]

from millrace.media.complexity import sample_frames, sample_sizes
from millrace.media.decoders import DECODERS
from millrace.media.ladder import LEVEL_3, Rendition, fits_level_3
from millrace.media.plan import MARGIN_MIN_S, ROLL_FRAMES, AudioChunk, AudioPlan, Chunk, EncodePlan
from millrace.media.probe import Limits, input_options
from millrace.media.scaling import scaled
from millrace.media.sound import AUDIO_FRAME_SAMPLES, AUDIO_RATE_HZ, CHANNELS_MAX
from millrace.media.timeline import LONG_GAP_S
from millrace.media.tone import cube

__all__ = [
    "audio_argv",
    "audio_outputs",
    "audio_window",
    "chunk_argv",
    "chunk_outputs",
    "chunk_window",
    "complexity_argv",
    "loudness_output",
    "poster_argv",
    "side_files",
]

CRF: Final = 23
PRESET: Final = "veryfast"
# A scene cut may start a GOP early, but not within the frames that are thrown away.
KEYINT_MIN: Final = ROLL_FRAMES
BUFFER_FACTOR: Final = Fraction(3, 2)
# AAC frames encoded and thrown away on each side. Four before settle the encoder; twenty also hold the 400 ms that a
# loudness block looks back. An AAC frame's window reaches into the next one.
PRE_ROLL_AUDIO_FRAMES: Final = 20
POST_ROLL_AUDIO_FRAMES: Final = 2
# Containers that count milliseconds round the stamps of sound, and those of its priming once more.
STAMP_ROUNDING_S: Final = Fraction(3, 2000)
# Discrete channels beyond 7.1 have no downmix that anybody agreed on.
SURROUND_CHANNELS_MAX: Final = 8
_LAYOUTS: Final = {1: "mono", 2: "stereo"}
POSTER_LONG_SIDE: Final = 1280
POSTER_FRAMES: Final = 24
POSTER_SHARE: Final = Fraction(1, 10)
POSTER_LATEST_S: Final = 30


def chunk_window(plan: EncodePlan, chunk: Chunk) -> tuple[int, int]:
    """Return the grid frames that the encoder sees: the chunk and what is thrown away around it."""
    return (
        max(0, chunk.start_frame - ROLL_FRAMES),
        min(plan.frame_count, chunk.end_frame + ROLL_FRAMES),
    )


def chunk_outputs(plan: EncodePlan, output_dir: str) -> dict[str, str]:
    """Return the file of each rendition, by name, that `chunk_argv` writes."""
    return {rendition.name: f"{output_dir}/{rendition.name}.mp4" for rendition in plan.renditions}


def audio_window(plan: EncodePlan, chunk: AudioChunk) -> tuple[int, int]:
    """Return the AAC frames that the encoder sees: the chunk and what is thrown away around it."""
    last_of_all = plan.audio_chunks[-1].end_frame
    return (
        max(0, chunk.start_frame - PRE_ROLL_AUDIO_FRAMES),
        min(last_of_all, chunk.end_frame + POST_ROLL_AUDIO_FRAMES),
    )


def audio_outputs(plan: EncodePlan, output_dir: str) -> dict[str, str]:
    """Return the file of each sound track, by name, that `audio_argv` writes."""
    return {track.name: f"{output_dir}/{track.name}.mp4" for track in plan.audio}


def loudness_output(output_dir: str, name: str) -> str:
    """Return the file in which `audio_argv` notes how loud a track is."""
    return f"{output_dir}/{name}.loudness"


def side_files(plan: EncodePlan, output_dir: str) -> dict[str, str]:
    """Return the text of each file, by its path, that must lie there before `chunk_argv` or `poster_argv` runs."""
    return {_cube_file(output_dir): cube(plan.tone)} if plan.tone else {}


def _cube_file(output_dir: str) -> str:
    return f"{output_dir}/sdr.cube"


def chunk_argv(
    ffmpeg: str,
    plan: EncodePlan,
    chunk: Chunk,
    source_url: str,
    output_dir: str,
    limits: Limits | None = None,
) -> list[str]:
    """Return the command that decodes a chunk once and encodes it in every rendition."""
    first, last = chunk_window(plan, chunk)
    start_s = first / plan.frame_rate - Fraction(chunk.margin_s).limit_denominator(1000)
    source = graph.input(source_url, **_input(plan, limits, start_s + plan.origin_s if first else None))
    frames = _grid_frames(source[str(plan.video_stream_index)], plan, first, last)
    frames = _standard_colours(frames, plan, output_dir)
    pictures = scaled(frames, [(rendition.width, rendition.height) for rendition in plan.renditions])
    files = chunk_outputs(plan, output_dir)
    outputs = [
        graph.output(picture, files[rendition.name], **_video_options(plan, rendition, first))
        for picture, rendition in zip(pictures, plan.renditions, strict=True)
    ]
    return _compile(ffmpeg, graph.merge_outputs(*outputs))


def _input(plan: EncodePlan, limits: Limits | None, seek_s: Fraction | None) -> dict[str, str]:
    """Return the input's options; `seek_s` is a timestamp of the source."""
    options = input_options(limits or Limits())
    options["codec_whitelist"] = ",".join(DECODERS)
    if seek_s is not None and seek_s > plan.container_start_s:
        # ffmpeg adds the container's start to what -ss says.
        options["ss"] = _decimal(seek_s - plan.container_start_s)
    return options


def _grid_frames(video: Any, plan: EncodePlan, first: int, last: int) -> Any:
    """Put decoded pictures on the grid and keep exactly frames `first` up to `last`."""
    if plan.deinterlace:
        video = video.filter("yadif", mode="send_frame", deint="interlaced")
    if plan.origin_s:
        video = video.filter("setpts", _from_origin(plan))
    return (
        # start_time repeats the first picture where the grid begins before it.
        video.filter("fps", fps=str(plan.frame_rate), start_time=_decimal(first / plan.frame_rate), round="near")
        .filter("tpad", stop=_clones(plan, last), stop_mode="clone")
        # After fps a tick is a frame: trimming counts whole numbers.
        .filter("trim", start_pts=first, end_pts=last)
        .filter("setpts", "PTS-STARTPTS")
    )


def _standard_colours(video: Any, plan: EncodePlan, output_dir: str) -> Any:
    """Bring HDR to SDR: the table works on R'G'B'; then the picture is what most others are."""
    if plan.tone is None:
        return video
    return (
        video.filter("scale", in_color_matrix="bt2020")
        .filter("format", "gbrp10le")
        .filter("lut3d", file=_cube_file(output_dir))
        .filter("scale", out_color_matrix="bt709", out_range="tv")
        .filter("format", "yuv420p")
        .filter("setparams", colorspace="bt709", color_primaries="bt709", color_trc="bt709", range="tv")
    )


def _clones(plan: EncodePlan, last: int) -> int:
    """Return how often the last picture may be repeated; -1 is without end.

    A film's last pictures may be damaged. Before that, pictures that end early mean a lost connection, which must
    not freeze the video: too few frames are found out by cmaf.cut_chunk.
    """
    return -1 if last == plan.frame_count else math.ceil((LONG_GAP_S + MARGIN_MIN_S) * plan.frame_rate)


def _from_origin(plan: EncodePlan) -> str:
    # The filter cuts fractions off: without round, 26.9999 ticks would be 26.
    return f"round(PTS-({plan.origin_s})/TB)"


def _video_options(plan: EncodePlan, rendition: Rendition, first: int) -> dict[str, Any]:
    gop = plan.gop_frames
    return {
        # x264 would call the smallest pictures level 1b, which Chromium says that it does not support.
        **({"level:v": LEVEL_3} if fits_level_3(rendition, plan.frame_rate) else {}),
        "format": "mp4",
        "map_metadata": -1,
        "map_chapters": -1,
        "c:v": "libx264",
        "preset": PRESET,
        # Capped CRF: quality decides, the cap protects; an average bitrate would not survive chunking.
        "crf": CRF,
        "maxrate": rendition.maxrate_bps,
        "bufsize": int(rendition.maxrate_bps * BUFFER_FACTOR),
        "profile:v": "high",
        "pix_fmt": "yuv420p",
        "g": gop,
        "keyint_min": KEYINT_MIN,
        # Keyframes sit on the grid, wherever this chunk begins.
        "force_key_frames": f"expr:eq(mod(n+{first},{gop}),0)",
        # The filters made every frame wanted: the muxer's side shall neither drop nor repeat.
        "fps_mode": "passthrough",
        "video_track_timescale": plan.timescale,
        # Without version strings and dates the init segments of all chunks are the same bytes.
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        # A fragment a keyframe; negative composition offsets instead of an edit list (CMAF).
        "movflags": "+frag_keyframe+empty_moov+default_base_moof+cmaf+skip_trailer",
    }


def audio_argv(
    ffmpeg: str,
    plan: EncodePlan,
    chunk: AudioChunk,
    source_url: str,
    output_dir: str,
    limits: Limits | None = None,
) -> list[str]:
    """Return the command that encodes a chunk of every sound track and measures how loud it is."""
    first, last = (frame * AUDIO_FRAME_SAMPLES for frame in audio_window(plan, chunk))
    start_s = first / Fraction(AUDIO_RATE_HZ) - Fraction(chunk.margin_s).limit_denominator(1000)
    options: dict[str, Any] = _input(plan, limits, start_s + plan.origin_s if first else None)
    # Whole decoded frames tell where they belong; cutting is done below, to the sample.
    options["noaccurate_seek"] = None
    options |= {f"downmix:{track.stream_index}": "stereo" for track in plan.audio if track.decodes_to_stereo}
    # A first frame that lost its priming is shorter, and off the lattice; what lies before the film is cut anyway.
    options["flags2"] = "+skip_manual"
    source = graph.input(source_url, **options)
    files = audio_outputs(plan, output_dir)
    outputs = []
    for track in plan.audio:
        sound = _aligned_sound(source[str(track.stream_index)], plan, track, (first, last))
        sound = _measured(sound, track, loudness_output(output_dir, track.name))
        outputs.append(graph.output(sound, files[track.name], **_audio_options(track)))
    return _steadied(_compile(ffmpeg, graph.merge_outputs(*outputs)), plan)


def _steadied(argv: list[str], plan: EncodePlan) -> list[str]:
    """Let sound that may change its channels or rate pass a decoder of its own first.

    A change makes ffmpeg build the filters anew, and ours would lose their place. So such a track is first brought to
    one form, in a filter graph that has no place to lose, and decoded again from there (a loopback decoder).
    """
    changing = [track for track in plan.audio if track.may_change]
    at = argv.index("-filter_complex")
    head, graphs, tail = argv[:at], argv[at + 1], argv[at + 2 :]
    for number, track in enumerate(changing):
        form = f"aresample={track.source_rate_hz}:clev=0.707:slev=0.707:rematrix_maxval=1.0"
        form += f",aformat=sample_rates={track.source_rate_hz}:channel_layouts={_LAYOUTS[track.channels]}"
        head += ["-map", f"0:{track.stream_index}", "-af", form, "-c:a", "pcm_f32le", "-f", "null", "-"]
        graphs = graphs.replace(f"[0:{track.stream_index}]", f"[dec:{number}]")
    head += [part for number in range(len(changing)) for part in ("-dec", f"{number}:0")]
    return [*head, "-filter_complex", graphs, *tail]


def _audio_options(track: AudioPlan) -> dict[str, Any]:
    return {
        "format": "mp4",
        "map_metadata": -1,
        "map_chapters": -1,
        "c:a": "aac",
        "b:a": track.bitrate_bps,
        "fflags": "+bitexact",
        "flags:a": "+bitexact",
        # Long fragments only keep memory small: cmaf.cut_audio makes the segments.
        "frag_duration": 10_000_000,
        "movflags": "+empty_moov+default_base_moof+skip_trailer",
        "use_editlist": 0,
    }


def _aligned_sound(sound: Any, plan: EncodePlan, track: AudioPlan, window: tuple[int, int]) -> Any:
    """Put sound on the picture's clock and keep the window's samples; holes are filled with silence."""
    first, last = window
    rate = Fraction(track.sample_rate_hz, track.source_rate_hz)
    # The rates meet at every so many samples: beginning there, all chunks are resampled in the same phase.
    meeting = first // rate.numerator * rate.denominator
    skipped = first % rate.numerator
    if track.is_first_frame_loose and not first:
        # Without it the first chunk would be a millisecond off the second one.
        sound = sound.filter("aselect", "gt(n,0)")
    return (
        _few_channels(sound.filter("asetpts", _sound_stamps(plan, track)), track)
        # Whatever the file's head said of the rate: from here on it is true.
        .filter("aresample", track.source_rate_hz)
        # first_pts counts samples of the input.
        .filter("aresample", track.source_rate_hz, **{"async": 1}, first_pts=meeting)
        .filter("aresample", track.sample_rate_hz)
        .filter("aformat", channel_layouts=_LAYOUTS[track.channels], sample_fmts="fltp")
        .filter("apad", whole_len=last - first + skipped)
        .filter("atrim", start_sample=skipped, end_sample=last - first + skipped)
        .filter("asetpts", "PTS-STARTPTS")
    )


def _few_channels(sound: Any, track: AudioPlan) -> Any:
    if track.decodes_to_stereo or track.may_change:
        return sound
    if track.source_channels > SURROUND_CHANNELS_MAX:
        return sound.filter("pan", args="stereo|c0=c0|c1=c1")
    if track.source_channels > CHANNELS_MAX:
        # Centre and surrounds 3 dB down (ITU-R BS.775), the whole so much softer that nothing can clip.
        levels = {"clev": "0.707", "slev": "0.707", "rematrix_maxval": "1.0"}
        return sound.filter("aresample", track.source_rate_hz, **levels).filter("aformat", channel_layouts="stereo")
    return sound


def _sound_stamps(plan: EncodePlan, track: AudioPlan) -> str:
    """Return the expression for a decoded frame's place, in samples from the origin.

    Where rounded stamps are on the lattice of equally long frames they move onto it: two chunks that begin at
    differently rounded stamps would meet with a click.
    """
    if track.first_s is None:
        return _from_origin(plan)
    since_first = f"(PTS*TB-({track.first_s}))*SR"
    nearest = "round(ld(0)/NB_SAMPLES)*NB_SAMPLES"
    rounding = f"SR*{STAMP_ROUNDING_S}"
    place = f"if(lte(abs(ld(0)-st(1,{nearest})),{rounding}),ld(1),ld(0))"
    return f"0*st(0,{since_first})+round(({place}+({track.first_s - plan.origin_s})*SR)/(SR*TB))"


def _measured(sound: Any, track: AudioPlan, notes: str) -> Any:
    """Let the sound pass a meter that writes down every block of 400 ms."""
    # A single channel is heard from both loudspeakers.
    meter = sound.filter("ebur128", metadata=1, peak="true", dualmono=int(track.channels == 1))
    return meter.filter("ametadata", "print", file=notes).filter("aformat", sample_fmts="fltp")


def complexity_argv(
    ffmpeg: str, plan: EncodePlan, at_s: Fraction, source_url: str, scratch_dir: str, limits: Limits | None = None
) -> list[str]:
    """Return the command that encodes a sample at the sizes of `complexity.sample_sizes` and lists the packets.

    It takes frames from the keyframe before that time on: what lies between need not be decoded for nothing.
    """
    # Without an index a seek may land behind the last keyframe that there is.
    seek_s = max(Fraction(0), at_s - Fraction(plan.chunks[-1].margin_s).limit_denominator(1000))
    options: dict[str, Any] = _input(plan, limits, seek_s + plan.origin_s if seek_s else None)
    video = graph.input(source_url, **options, noaccurate_seek=None)[str(plan.video_stream_index)]
    if plan.deinterlace:
        video = video.filter("yadif", mode="send_frame", deint="interlaced")
    sizes = sample_sizes(plan)
    video = (
        video.filter("setpts", "PTS-STARTPTS")
        .filter("fps", fps=str(plan.frame_rate))
        .filter("trim", end_frame=sample_frames(plan))
        .filter("scale", *sizes[-1], flags="bicubic")
        .filter("setsar", "1")
    )
    copies = _standard_colours(video, plan, scratch_dir).filter_multi_output("split", len(sizes))
    sized = [copies[place].filter("scale", *size, flags="bicubic") for place, size in enumerate(sizes)]
    encoding = {
        "format": "framecrc",
        "c:v": "libx264",
        "preset": PRESET,
        "crf": CRF,
        "pix_fmt": "yuv420p",
        "g": plan.gop_frames,
        "fps_mode": "passthrough",
        # Headers in each stream's first packet would count as picture.
        "flags:v": "+bitexact+global_header",
    }
    return _compile(ffmpeg, graph.output(*sized, "pipe:1", **encoding))


def poster_argv(ffmpeg: str, plan: EncodePlan, source_url: str, output: str, limits: Limits | None = None) -> list[str]:
    """Return the command that writes the poster: the most typical of some early frames, as JPEG."""
    at_s = min(plan.duration_s * POSTER_SHARE, Fraction(POSTER_LATEST_S))
    source = graph.input(source_url, **_input(plan, limits, at_s + plan.origin_s))
    top = plan.renditions[0]
    scale = min(Fraction(1), Fraction(POSTER_LONG_SIDE, max(top.width, top.height)))
    picture = source[str(plan.video_stream_index)]
    if plan.deinterlace:
        picture = picture.filter("yadif", mode="send_frame", deint="interlaced")
    picture = picture.filter("trim", end_frame=POSTER_FRAMES).filter("thumbnail", n=POSTER_FRAMES)
    size = (int(top.width * scale) // 2 * 2, int(top.height * scale) // 2 * 2)
    # JPEG knows one matrix and one range (JFIF).
    jpeg = {"out_color_matrix": "bt601", "out_range": "pc"}
    picture = _standard_colours(picture, plan, str(PurePosixPath(output).parent))
    picture = picture.filter("scale", *size, **jpeg).filter("setsar", "1")
    options = {"format": "image2", "update": 1, "frames:v": 1, "c:v": "mjpeg", "q:v": 3}
    options |= {"pix_fmt": "yuvj420p", "map_metadata": -1, "fflags": "+bitexact", "flags:v": "+bitexact"}
    return _compile(ffmpeg, graph.output(picture, output, **options))


def _compile(ffmpeg: str, output: Any) -> list[str]:
    # Raw timestamps (-copyts) are what the plan's origin refers to.
    command = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y", "-copyts"]
    return [str(part) for part in graph.compile(output, cmd=command)]


def _decimal(seconds: Fraction) -> str:
    return f"{float(seconds):.6f}"
