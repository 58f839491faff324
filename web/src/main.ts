import { mount } from "svelte";
import App from "./App.svelte";
import { begin } from "./state/session.svelte";
import { firstLook } from "./state/settings.svelte";
import "./style/tokens.css";
import "./style/base.css";
import "./style/controls.css";

const spoken = firstLook();
void begin(spoken);
void spoken.then(() => mount(App, { target: document.getElementById("app")! }));
