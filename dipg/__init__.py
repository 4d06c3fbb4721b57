"""The DIPG environment: vignettes, rubric, prices and evaluation.

DIPG is diffuse intrinsic pontine glioma. **All medical content here is synthetic, made for
research on training language models, and is not for clinical use.**
"""

NOTICE = "Synthetic content for research. Not for clinical use."
"""Shown wherever vignettes leave this package: files, server banner, reports."""
