"""faster-whisper as a process: a WAV's path a line in, one JSON object a line out.

Arguments: the folder of the CTranslate2 model. One thread, int8, greedy, no timestamps: what the recogniser it is compared
with does. It reads every file itself and tells the time of the recognition alone.
"""
import json
import sys
import time

from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio

model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    sound = decode_audio(line.rstrip("\n"))
    start = time.perf_counter()
    segments, _ = model.transcribe(
        sound,
        language="zh",
        beam_size=1,
        temperature=0.0,
        without_timestamps=True,
        condition_on_previous_text=False,
        vad_filter=False,
    )
    text = "".join(segment.text for segment in segments)
    ms = (time.perf_counter() - start) * 1000
    print(json.dumps({"text": text, "ms": ms}, ensure_ascii=False), flush=True)
