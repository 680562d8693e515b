export { run, work } from "./interpreter";
export { peak } from "./peak";
