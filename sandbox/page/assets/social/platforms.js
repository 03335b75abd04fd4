// What the page knows of each platform: its marks, what people can do there, and how much they can write.
// The limits are those of the platforms' own apps; what a program may do is for the stand-in to check.

const LIKES = ["👍", "❤️", "😂", "😮", "😢", "😡"];

export const PLATFORMS = {
  facebook: {
    label: "Facebook",
    mark: "f",
    app: "Meta Business Suite",
    privateName: "Messenger",
    reactions: LIKES,
    can: { public: ["reply", "edit", "remove", "react"], private: ["reply", "edit", "react"] },
    limits: { public: [8000, "characters"], private: [2000, "characters"] },
    threadControl: true,
  },
  instagram: {
    label: "Instagram",
    mark: "Ig",
    app: "Instagram",
    privateName: "Direct",
    reactions: ["❤️", "😂", "😮", "😢", "😡", "👍"],
    can: { public: ["reply", "remove"], private: ["reply", "edit", "remove", "react"] },
    limits: { public: [2200, "characters"], private: [1000, "bytes"] },
    threadControl: true,
  },
  whatsapp: {
    label: "WhatsApp",
    mark: "W",
    app: "WhatsApp Business",
    privateName: "WhatsApp",
    reactions: ["👍", "❤️", "😂", "😮", "😢", "🙏"],
    can: { private: ["reply", "edit", "remove", "react"] },
    limits: { private: [4096, "characters"] },
  },
  x: {
    label: "X",
    mark: "X",
    app: "X",
    privateName: "Direct messages",
    reactions: ["❤️"],
    can: { public: ["reply", "edit", "remove"], private: [] },
    limits: { public: [280, "weighted"], private: [10000, "characters"] },
    // Posts stand in one timeline instead of under a post of the brand; replies can't be changed.
    timeline: true,
    editsRootsOnly: true,
  },
  linkedin: {
    label: "LinkedIn",
    mark: "in",
    app: "LinkedIn",
    reactions: ["👍", "👏", "❤️", "💡"],
    can: { public: ["reply", "edit", "remove", "react"] },
    limits: { public: [1250, "characters"] },
    // A post of one's own that mentions the page by its name; the page's posts are not the only place.
    mentionsElsewhere: true,
    mentionBy: "name",
  },
};

/** How a customer mentions the brand on a platform. */
export const mentionOf = ({ name, brand }) => `@${brand[PLATFORMS[name].mentionBy ?? "username"] || brand.name}`;

/** Authorities whom customers like to call in. */
export const AUTHORITIES = ["@ojkindonesia", "@bank_indonesia", "@CFPB", "@TheFCA"];

/** Images that a customer can send: the word for each and its file. */
export const IMAGES = { imageReceipt: "receipt.png", imageScreen: "screenshot.png" };
