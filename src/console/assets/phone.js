// The agent's telephone in the browser: while it is on, calls ring here. The page around it is patched; this part is the script's.
const at = (id) => document.getElementById(id);
let box, say, base;
let feed = null, peer = null, microphone = null, leg = null, held = false, bell = null, ear = null;

function tell(text) { at("phone-state").textContent = text; }

async function post(path, body) {
  const reply = await fetch(`${base}/${path}`, {
    method: "POST", keepalive: true, body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-form-token": document.body.dataset.formToken ?? "" },
  });
  if (!reply.ok) throw new Error(String(reply.status));
  return reply.json();
}

function show() {
  const [rings, talks] = [leg !== null && !peer, peer !== null];
  at("phone-answer").hidden = !rings;
  at("phone-hang-up").hidden = !rings && !talks;
  for (const id of ["phone-hold", "phone-mute", "phone-pad"]) at(id).hidden = !talks;
  at("phone-hold").setAttribute("aria-pressed", String(held));
  const track = microphone?.getAudioTracks()[0];
  at("phone-mute").setAttribute("aria-pressed", String(Boolean(track) && !track.enabled));
  at("phone-on").setAttribute("aria-pressed", String(feed !== null));
}

// 450 Hz, one second of five, as China's exchanges ring.
function ring(on) {
  clearInterval(bell?.timer);
  bell?.context.close();
  bell = null;
  if (!on) return;
  const context = new AudioContext();
  const burst = () => {
    const tone = new OscillatorNode(context, { frequency: 450 });
    const level = new GainNode(context, { gain: 0.15 });
    tone.connect(level).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 1);
  };
  burst();
  bell = { context, timer: setInterval(burst, 5000) };
}

async function listen() {
  const wanted = localStorage.getItem("huiyin.microphone");
  const audio = wanted ? { deviceId: { ideal: wanted } } : true;
  microphone = await navigator.mediaDevices.getUserMedia({ audio });
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(microphone).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    // From -60 dB to 0.
    at("phone-level").value = Math.max(0, 60 + 10 * Math.log10(power + 1e-9)) / 60;
  }, 100);
  ear = { context, timer };
}

function deafen() {
  clearInterval(ear?.timer);
  ear?.context.close();
  microphone?.getTracks().forEach((track) => track.stop());
  ear = microphone = null;
  at("phone-level").value = 0;
}

async function devices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  for (const [id, kind, key] of [
    ["phone-microphone", "audioinput", "huiyin.microphone"], ["phone-speaker", "audiooutput", "huiyin.speaker"],
  ]) {
    const known = all.filter((device) => device.kind === kind && device.deviceId);
    at(id).replaceChildren(...known.map((device) => new Option(device.label || device.deviceId, device.deviceId)));
    at(id).value = localStorage.getItem(key) ?? known[0]?.deviceId ?? "";
    at(id).disabled = known.length === 0;
  }
}

async function speaker() {
  const sink = localStorage.getItem("huiyin.speaker");
  if (sink && at("phone-sound").setSinkId) await at("phone-sound").setSinkId(sink).catch(() => {});
}

function over(text) {
  ring(false);
  if (peer) { peer.onconnectionstatechange = null; peer.close(); }
  peer = leg = null;
  held = false;
  at("phone-sound").srcObject = null;
  microphone?.getAudioTracks().forEach((track) => { track.enabled = true; });
  tell(text ?? (feed ? say.ready : say.off));
  show();
}

async function answer() {
  if (leg === null || peer) return;
  ring(false);
  const mine = new RTCPeerConnection();
  peer = mine;
  show();
  tell(say.connecting);
  mine.ontrack = (event) => { at("phone-sound").srcObject = new MediaStream([event.track]); };
  mine.onconnectionstatechange = () => {
    if (mine.connectionState === "connected") tell(held ? say.held : say.talking);
    if (mine.connectionState === "disconnected") tell(say.unsteady);
    if (["failed", "closed"].includes(mine.connectionState)) over(say.lost);
  };
  try {
    microphone.getAudioTracks().forEach((track) => mine.addTrack(track, microphone));
    await mine.setLocalDescription(await mine.createOffer());
    const reply = await post(`${leg}/answer`, { offer: mine.localDescription.sdp });
    await mine.setRemoteDescription({ type: "answer", sdp: reply.answer });
    await speaker();
  } catch {
    if (peer === mine) over(say.failed);
  }
}

// Said first and closed then: a leg that closes without a word is a lost one, whose caller goes back to the queue.
async function hangUp() {
  if (leg === null) return;
  const own = leg;
  ring(false);
  await post(`${own}/hang-up`, {}).catch(() => {});
  if (leg === own) over();
}

async function hold() {
  if (!peer) return;
  held = !held;
  await post(`${leg}/hold`, { on: held }).catch(() => { held = !held; });
  tell(held ? say.held : say.talking);
  show();
}

function mute() {
  if (!peer) return;
  microphone?.getAudioTracks().forEach((track) => { track.enabled = !track.enabled; });
  show();
}

function press(key) {
  const sender = peer?.getSenders().find((one) => one.dtmf);
  if (sender?.dtmf.canInsertDTMF) sender.dtmf.insertDTMF(key, 160);
}

function off(text) {
  feed?.close();
  feed = null;
  localStorage.removeItem("huiyin.phone");
  deafen();
  over(text);
}

function follow() {
  feed = new EventSource(base);
  feed.addEventListener("ready", () => { if (leg === null) tell(say.ready); });
  feed.addEventListener("ring", (event) => {
    leg = JSON.parse(event.data).leg;
    tell(say.ringing);
    ring(true);
    show();
  });
  feed.addEventListener("over", (event) => { if (JSON.parse(event.data).leg === leg) over(); });
  feed.addEventListener("error", () => {
    if (leg === null) tell(say.offline);
    if (feed?.readyState !== EventSource.CLOSED) return;
    // A refused stream is asked for again. A page that is being left comes by here too: what was on stays on for the next one.
    feed = null;
    setTimeout(() => { if (!feed && localStorage.getItem("huiyin.phone") === base) follow(); }, 3000);
  });
  show();
}

async function on() {
  try { if (!microphone) await listen(); } catch { return off(say.nomicrophone); }
  await devices();
  localStorage.setItem("huiyin.phone", base);
  if (!feed) follow();
}

async function change(event, key) {
  localStorage.setItem(key, event.target.value);
  if (key === "huiyin.speaker") return speaker();
  const sender = peer?.getSenders().find((one) => one.track);
  deafen();
  await listen().catch(() => off(say.nomicrophone));
  if (sender && microphone) await sender.replaceTrack(microphone.getAudioTracks()[0]);
}

export function start() {
  box = at("phone");
  if (!box) return;
  say = box.dataset;
  base = say.base;
  if (!window.isSecureContext || !window.RTCPeerConnection || !navigator.mediaDevices) {
    at("phone-on").disabled = true;
    return tell(say.unfit);
  }
  at("phone-on").addEventListener("click", () => (feed ? off() : on()));
  at("phone-answer").addEventListener("click", answer);
  at("phone-hang-up").addEventListener("click", hangUp);
  at("phone-hold").addEventListener("click", hold);
  at("phone-mute").addEventListener("click", mute);
  at("phone-pad").addEventListener("click", (event) => {
    const key = event.target.closest("button[data-digit]");
    if (key) press(key.dataset.digit);
  });
  at("phone-microphone").addEventListener("change", (event) => change(event, "huiyin.microphone"));
  at("phone-speaker").addEventListener("change", (event) => change(event, "huiyin.speaker"));
  // Who closes the page in mid-call is asked first; the caller goes back to the front of the queue if they do.
  addEventListener("beforeunload", (event) => { if (peer) event.preventDefault(); });
  over(say.off);
  // It was on before the page was loaded anew.
  if (localStorage.getItem("huiyin.phone") === base) on();
}
