// Two soft notes when a customer calls (S42). Silent until the counselor has clicked anything:
// browsers allow no sound before.

const NOTES = [660, 880]; // Hz
const NOTE_S = 0.16;
const LOUDNESS = 0.12;

export function chime() {
  if (!navigator.userActivation.hasBeenActive) return;
  const audio = new AudioContext();
  NOTES.forEach((pitch, i) => {
    const tone = new OscillatorNode(audio, { frequency: pitch });
    const gain = new GainNode(audio, { gain: LOUDNESS });
    const start = audio.currentTime + i * NOTE_S;
    gain.gain.exponentialRampToValueAtTime(0.001, start + 2 * NOTE_S);
    tone.connect(gain).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 2 * NOTE_S);
  });
  setTimeout(() => audio.close(), 2000);
}
