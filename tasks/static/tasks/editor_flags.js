// Read by the editor as it loads: what Label Studio's own application switches on, and some interfaces cannot do without.
self.APP_SETTINGS = {
  feature_flags: {
    fflag_feat_front_lsdv_4583_multi_image_segmentation_short: true, // <Image valueList>, perItem
    fflag_fix_front_lsdv_4998_missed_dynamic_children_030523_short: true, // choices and labels that the payload brings
    fflag_fix_leap_466_text_sanitization: true, // <Text> shows what looks like a tag as it is written
  },
  feature_flags_default_value: false,
};

// A frame without an origin has no storage and opens no dialog. What the editor would keep there ends with the page; what it would ask
// before it deletes every region can be undone.
(() => {
  const memory = () => {
    const kept = new Map();
    return {
      getItem: (name) => kept.get(String(name)) ?? null,
      setItem: (name, value) => { kept.set(String(name), String(value)); },
      removeItem: (name) => { kept.delete(String(name)); },
      clear: () => kept.clear(),
      key: (n) => [...kept.keys()][n] ?? null,
      get length() { return kept.size; },
    };
  };
  for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(self, name, { value: memory(), configurable: true });
  self.confirm = () => true;
})();
