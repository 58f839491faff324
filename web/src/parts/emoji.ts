// The emoji of the picker, in groups. Their names and words to find them by, in messages/emoji, are from Unicode's CLDR (Unicode-3.0).
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

/** The name of each, then other words for it, in small letters, as the language of the page has them. */
export async function emojiNames(): Promise<Map<string, string>> {
  const load = { en: () => import("../../messages/emoji/en.json"), de: () => import("../../messages/emoji/de.json"), ar: () => import("../../messages/emoji/ar.json") };
  const { default: names } = await load[getLocale()]();
  return new Map(Object.entries(names).map(([emoji, words]) => [emoji, words.toLocaleLowerCase()]));
}
