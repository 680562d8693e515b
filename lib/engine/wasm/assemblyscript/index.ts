export { run, work } from "./interpreter";
