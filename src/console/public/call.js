// A call from the browser: one request gives our description and takes the answer; a stream shows the words as they are heard.
const at = (id) => document.getElementById(id);
const call = at('call');
const say = call.dataset;
let peer = null, stream = null, words = null, place = null;

function tell(text, alert) {
  at('state').textContent = text;
  at('state').classList.toggle('alert', Boolean(alert));
}

function show(calling) {
  at('start').hidden = calling;
  at('stop').hidden = !calling;
  at('pad').hidden = !calling;
  call.dataset.on = calling;
}

function end(text, alert) {
  if (call.dataset.on !== 'true') return;
  if (place) fetch(place, { method: 'DELETE', keepalive: true }).catch(() => {});
  if (stream) stream.getTracks().forEach((track) => track.stop());
  if (peer) { peer.onconnectionstatechange = null; peer.close(); }
  at('sound').srcObject = null;
  peer = stream = place = null;
  show(false);
  tell(text, alert);
  at('start').focus();
}

function turn({ who, text }) {
  const line = document.createElement('li');
  const name = document.createElement('b');
  name.textContent = say[who] || say.robot;
  line.className = who;
  line.append(name, text);
  at('words').append(line);
  line.scrollIntoView({ block: 'nearest' });
}

function changed() {
  const state = peer ? peer.connectionState : 'closed';
  if (state === 'connected') tell(say.talking);
  if (state === 'disconnected') tell(say.unsteady);
  if (state === 'failed') end(say.lost, true);
  if (state === 'closed') end(say.over);
}

async function begin() {
  show(true);
  // Of the call before, last words may still have been awaited.
  if (words) words.close();
  at('words').replaceChildren();
  at('stop').focus();
  tell(say.asking);
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return end(say.nomicrophone, true);
  }
  tell(say.calling);
  const mine = new RTCPeerConnection();
  peer = mine;
  mine.onconnectionstatechange = changed;
  mine.ontrack = (event) => { at('sound').srcObject = new MediaStream([event.track]); };
  stream.getAudioTracks().forEach((track) => mine.addTrack(track, stream));
  await mine.setLocalDescription(await mine.createOffer());
  const reply = await fetch('/calls', {
    method: 'POST', headers: { 'content-type': 'application/sdp' }, body: mine.localDescription.sdp,
  });
  const text = await reply.text();
  if (reply.status !== 201) return end(text || say.failed, true);
  place = reply.headers.get('location');
  // They may have hung up meanwhile.
  if (peer !== mine) return fetch(place, { method: 'DELETE' });
  const source = new EventSource(`${place}/words`);
  words = source;
  source.addEventListener('turn', (event) => turn(JSON.parse(event.data)));
  source.addEventListener('over', () => { place = null; end(say.over); });
  source.addEventListener('ended', () => source.close());
  await mine.setRemoteDescription({ type: 'answer', sdp: text });
}

function press(key) {
  const sender = peer && peer.getSenders().find((one) => one.dtmf);
  if (sender && sender.dtmf.canInsertDTMF) sender.dtmf.insertDTMF(key, 160);
}

if (!window.isSecureContext || !window.RTCPeerConnection || !navigator.mediaDevices) {
  at('start').disabled = true;
  tell(say.unfit, true);
} else {
  at('start').addEventListener('click', () => begin().catch(() => end(say.failed, true)));
  at('stop').addEventListener('click', () => end(say.over));
  at('pad').addEventListener('click', (event) => {
    const key = event.target.closest('button[data-key]');
    if (key) press(key.dataset.key);
  });
  document.addEventListener('keydown', (event) => {
    if (!event.ctrlKey && !event.altKey && !event.metaKey && /^[0-9*#]$/.test(event.key)) press(event.key);
  });
  addEventListener('pagehide', () => end(say.over));
}
