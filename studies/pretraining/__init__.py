"""Make EfficientNetV2-B0 features without a model hub: distil them from EfficientNet-Lite.

plan.py         what decides a run's numbers
images.py       which photos a student may see, and their pixels on disk
batches.py      the images of a step, a function of seed and step
inherit.py      start from the teacher's filters
closed_form.py  fit the projections between them
features.py     teacher, student, and what they are compared on
loop.py         steps, checkpoints, decay
state.py        the run's folder
export.py       weights for `crackscope train`
probe.py        the yardstick
"""
