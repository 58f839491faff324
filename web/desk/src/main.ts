import { mount } from "svelte";
import App from "./App.svelte";
import { begin } from "./state/desk.svelte";
import "../../src/style/tokens.css";
import "../../src/style/base.css";
import "../../src/style/controls.css";
import "./desk.css";

void begin();
mount(App, { target: document.getElementById("app")! });
