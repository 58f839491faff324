// How far the export is that was asked for.
class Exporting {
  done = $state(0);
  of = $state(0);
}

export const exporting = new Exporting();
