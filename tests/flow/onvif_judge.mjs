// The virtual ONVIF device, judged by npm's `onvif`, which has never heard of it:
//   node onvif_judge.mjs MODULES HOST PORT USER PASSWORD|wrong
// prints one JSON object, or { "error": ... } and ends with 1.
import { createRequire } from "node:module";
import path from "node:path";

const [modules, host, port, username, password] = process.argv.slice(2);
const { Cam } = createRequire(path.join(modules, "package.json"))("onvif");

function ask(camera, name, ...words) {
  return new Promise((resolve, reject) => {
    camera[name](...words, (error, answer) => (error ? reject(new Error(`${name}: ${error.message}`)) : resolve(answer)));
  });
}

const camera = new Cam({ hostname: host, port: Number(port), username, password, timeout: 8000, autoconnect: false });
try {
  await new Promise((resolve, reject) => camera.connect((error) => (error ? reject(error) : resolve())));
  const found = {
    information: await ask(camera, "getDeviceInformation"),
    users: await ask(camera, "getUsers"),
    scopes: await ask(camera, "getScopes"),
    protocols: await ask(camera, "getNetworkProtocols"),
    hostname: await ask(camera, "getHostname"),
    ntp: await ask(camera, "getNTP"),
    profiles: camera.profiles.map((profile) => ({ token: profile.$.token, name: profile.name })),
    stream: await ask(camera, "getStreamUri", { protocol: "RTSP" }),
    snapshot: await ask(camera, "getSnapshotUri", {}),
    interfaces: await ask(camera, "getNetworkInterfaces"),
    clock: await ask(camera, "getSystemDateAndTime"),
  };
  console.log(JSON.stringify(found));
  process.exit(0);
} catch (error) {
  console.log(JSON.stringify({ error: String(error.message ?? error) }));
  process.exit(1);
}
