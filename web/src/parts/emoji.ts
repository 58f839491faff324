// The emoji of the picker, in groups. Their names and words to find them by, in messages/emoji, are from Unicode's CLDR (Unicode-3.0).
import ar from "../../messages/emoji/ar.json?url";
import de from "../../messages/emoji/de.json?url";
import en from "../../messages/emoji/en.json?url";
import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";

const of = (emoji: string) => emoji.split(" ");

export const groups = [
  { id: "faces", name: m.emoji_faces, emoji: of("😀 😃 😄 😁 😆 😅 😂 🤣 😊 😇 🙂 🙃 😉 😌 😍 🥰 😘 😋 😛 😜 🤪 🤔 🤨 😐 😑 😶 😏 😒 🙄 😬 😴 🤤 😷 🤒 🤕 🤢 🤧 🥵 🥶 😵 🤯 🥳 😎 🤓 😕 😟 🙁 😮 😳 🥺 😧 😰 😥 😢 😭 😱 😖 😞 😓 😩 😤 😡 😈 💀 💩 🤡 👻 👽 🤖 😺") },
  { id: "gestures", name: m.emoji_gestures, emoji: of("👍 👎 👌 ✌️ 🤞 🤟 🤙 👋 ✋ 👏 🙌 🙏 🤝 💪 👈 👉 👆 👇 ✊ 👊 🤷 🤦 🙋 💁 🙅 🙆 🏃 💃 🕺 👀 🧠 👶 🧒 👩 👨 👵 👴 👪") },
  { id: "hearts", name: m.emoji_hearts, emoji: of("❤️ 🧡 💛 💚 💙 💜 🖤 🤍 🤎 💔 💕 💖 💘 💯 💥 💫 💦 💤 ✨ ⭐ 🌟 🔥 🎉 🎊") },
  { id: "nature", name: m.emoji_nature, emoji: of("🐶 🐱 🐭 🐰 🦊 🐻 🐼 🐨 🦁 🐮 🐷 🐸 🐵 🐔 🐧 🐦 🦉 🐴 🐝 🦋 🐞 🐢 🐍 🐙 🐟 🐬 🐳 🌵 🌲 🌳 🍀 🌱 🌷 🌹 🌻 🌼 🍄 🌍 🌙 ☀️ ⛅ 🌧️ ⛈️ ❄️ 🌈 🌊") },
  { id: "food", name: m.emoji_food, emoji: of("🍎 🍐 🍊 🍋 🍌 🍉 🍇 🍓 🍒 🍑 🥭 🍍 🥥 🥝 🍅 🥑 🍆 🥔 🥕 🌽 🍞 🥐 🧀 🥚 🍳 🥞 🍔 🍟 🍕 🌭 🌮 🥗 🍝 🍜 🍲 🍣 🍚 🍦 🍰 🎂 🍪 🍫 🍿 🍯 ☕ 🍵 🥛 🍺 🍷 🥂") },
  { id: "doing", name: m.emoji_doing, emoji: of("⚽ 🏀 🏐 🎾 🏓 🏸 🥊 ⛷️ 🏊 🚴 🎮 🎲 🎯 🎨 🎵 🎶 🎤 🎧 🎸 🎹 🥁 🎬 🏆 🎁 🎈 📚 ✏️ 💻 📱 📷 🎥 💡 🔑 🔒 🔓 🔔 ✉️ 📦 📌 📎 ✂️ 🔨 💊 🩺 💰 🛒 🧹 🛏️ 🚿") },
  { id: "places", name: m.emoji_places, emoji: of("🏠 🏡 🏢 🏥 🏫 ⛪ 🕌 🕍 ⛺ 🏖️ ⛰️ 🗺️ 🚗 🚕 🚌 🚲 🛵 🚆 🚇 ✈️ 🚀 🚢 ⛵ 🚑 🚒 🚓 🚧 🚦 ⏰ ⌛ 📅") },
  { id: "signs", name: m.emoji_signs, emoji: of("✅ ❌ ❓ ❗ ⚠️ ⛔ 🚫 ♻️ ➕ ➖ ➡️ ⬅️ ⬆️ ⬇️ 🔁 🔴 🟠 🟡 🟢 🔵 🟣 ⚫ ⚪ ☮️ ☯️ 🏳️ 🏁 🆗 🆘 🔍") },
];

const NAMES = { en, de, ar };

/** The name of each, then other words for it, in small letters, as the language of the page has them: data, got when it is wanted. */
export async function emojiNames(): Promise<Map<string, string>> {
  const names = (await (await fetch(NAMES[getLocale()])).json()) as Record<string, string>;
  return new Map(Object.entries(names).map(([emoji, words]) => [emoji, words.toLocaleLowerCase()]));
}
