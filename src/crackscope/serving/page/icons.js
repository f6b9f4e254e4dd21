// @ts-check
/** Line drawings, 24 by 24. */

export const PLUS = "M12 5v14M5 12h14";
export const MINUS = "M5 12h14";
export const CHECK = "M4 12.5l5.5 5.5L20 7";
export const CROSS = "M6 6l12 12M18 6L6 18";
export const UNDO = "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3";
export const LEFT = "M15 5l-7 7 7 7";
export const RIGHT = "M9 5l7 7-7 7";
export const UP = "M12 20V5M6 11l6-6 6 6";
export const DOWN = "M12 4v15M6 13l6 6 6-6";
export const FIT = "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5";
export const BOX = "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z";
export const UPLOAD = "M12 16V4M7 9l5-5 5 5M4 16v4h16v-4";
export const DOWNLOAD = "M12 4v12M7 11l5 5 5-5M4 20h16";
export const FOLDER = "M3 6h6l2 2h10v11H3z";
export const PENCIL = "M4 20l1-4L16 5l3 3L8 19z";
export const TRASH = "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13";
export const NOTE = "M5 4h14v12l-4 4H5zM15 20v-4h4M8 9h8M8 13h4";
export const HELP = "M9 9a3 3 0 1 1 4 2.8c-.8.4-1 .9-1 2.2M12 17.5v.5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18";
export const SUN =
  "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5";
export const MOON = "M20 14a8 8 0 1 1-10-10 7 7 0 0 0 10 10z";
export const HALF = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18M12 8h6M12 12h8.5M12 16h7";
export const PERSON = "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c0-4 3.5-6 8-6s8 2 8 6";
export const MAP = "M9 4L3 6v14l6-2 6 2 6-2V4l-6 2zM9 4v14M15 6v14";
export const CLOCK = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.5 2";
export const SPARK = "M12 3l2 6 6 2-6 2-2 6-2-6-6-2 6-2z";
export const RULER = "M3 15L15 3l6 6L9 21zM7 11l2 2M10 8l2 2M13 5l2 2";
export const AGAIN = "M20 5v5h-5M4 19v-5h5M19 10a8 8 0 0 0-14-3M5 14a8 8 0 0 0 14 3";
