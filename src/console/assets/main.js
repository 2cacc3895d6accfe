// Starts what a page needs. Without scripts every page is still whole; it then shows what was true when it was loaded.
import { follow } from "./live.js";
import { refresh, tick } from "./patch.js";
import { listen as player } from "./player.js";
import { listen as forms } from "./forms.js";
import { listen as review } from "./review.js";
import { start as phone } from "./phone.js";

forms();
player();
review();
phone();
tick();
if (document.getElementById("page")) follow(refresh);
