const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const talk = new WebSocket(`${scheme}//${location.host}/talk`);
talk.onmessage = (event) => console.log(event.data);
