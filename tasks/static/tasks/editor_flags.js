// Read by the editor as it loads: what Label Studio's own application switches on, and some interfaces cannot do without.
self.APP_SETTINGS = {
  feature_flags: {
    fflag_feat_front_lsdv_4583_multi_image_segmentation_short: true, // <Image valueList>, perItem
    fflag_fix_front_lsdv_4998_missed_dynamic_children_030523_short: true, // choices and labels that the payload brings
  },
  feature_flags_default_value: false,
};
