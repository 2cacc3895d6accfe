// A call from the browser: one request gives our description and takes the answer; a stream shows the words as they are heard.
const at = (id) => document.getElementById(id);
const call = at('call');
const say = call.dataset;
// Where this call's page may still say something of it, also after its end.
let own = null;
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

function add(kind, text, parent, name) {
  const node = document.createElement(kind);
  node.textContent = text;
  if (name) node.className = name;
  parent.append(node);
  return node;
}

async function thumb(box, idx, up) {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ utterance: idx, up });
  const reply = await fetch(`${own}/thumb`, { method: 'POST', headers, body }).catch(() => null);
  at('thumb-state').textContent = reply?.ok ? say.thanks : say.thumbfailed;
  if (!reply?.ok) return;
  for (const button of box.children) button.setAttribute('aria-pressed', String(button.dataset.up === String(up)));
}

function thumbs(line, idx, answer) {
  const box = add('div', '', line, 'thumbs');
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', answer);
  for (const [up, name] of [[true, say.useful], [false, say.useless]]) {
    const button = add('button', name, box);
    button.type = 'button';
    button.dataset.up = up;
    button.setAttribute('aria-pressed', 'false');
    button.addEventListener('click', () => thumb(box, idx, up));
  }
}

function soFar(text) {
  at('so-far').hidden = !text;
  at('so-far').textContent = text ? `${text}……` : '';
}

function turn({ idx, who, text, answer, source }) {
  soFar('');
  const line = document.createElement('li');
  line.className = who;
  add('b', say[who] || say.robot, line);
  line.append(text);
  if (source) add('p', `${say.source}：${source}`, line, 'hint');
  if (answer) thumbs(line, idx, answer);
  at('words').append(line);
  line.scrollIntoView({ block: 'nearest' });
}

// Made smaller here where the browser can: less to send. What it cannot read goes as it is, and is judged there.
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 2048 / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.width * scale, picture.height * scale];
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob((blob) => done(blob ?? file), 'image/jpeg', 0.85));
  } catch {
    return file;
  }
}

async function photo(input) {
  const file = input.files[0];
  if (!file || !own) return;
  at('photo-state').textContent = say.photosending;
  const reply = await fetch(`${own}/photo`, { method: 'POST', body: await smaller(file) }).catch(() => null);
  at('photo-state').textContent = (reply && await reply.text()) || say.photofailed;
  input.value = '';
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
  soFar('');
  at('thumb-state').textContent = at('photo-state').textContent = '';
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
  place = own = reply.headers.get('location');
  at('photo-box').hidden = false;
  // They may have hung up meanwhile.
  if (peer !== mine) return fetch(place, { method: 'DELETE' });
  const source = new EventSource(`${place}/words`);
  words = source;
  source.addEventListener('turn', (event) => turn(JSON.parse(event.data)));
  source.addEventListener('so_far', (event) => soFar(JSON.parse(event.data).text));
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
  at('photo').addEventListener('change', (event) => photo(event.target));
  document.addEventListener('keydown', (event) => {
    if (!event.ctrlKey && !event.altKey && !event.metaKey && /^[0-9*#]$/.test(event.key)) press(event.key);
  });
  addEventListener('pagehide', () => end(say.over));
}
