"""Histories in the formats of twelve years of conda and mamba."""

from __future__ import annotations

CONDA_3 = """\
==> 2015-06-01 10:00:00 <==
# cmd: /home/ilan/miniconda/bin/conda create -n old python numpy
numpy-1.9.2-py27_0
python-2.7.9-1.tar.bz2
zlib-1.2.8-0
==> 2015-07-01 10:00:00 <==
# cmd: /home/ilan/miniconda/bin/conda update numpy
-numpy-1.9.2-py27_0
-zlib-1.2.8-0
+numpy-1.9.10-py27_1
+openblas-0.2.14-3
# update specs: numpy
"""
"""Conda 3 listed everything first; file names have an extension in some versions."""

CONDA_4_1 = """\
==> 2016-07-01 10:00:00 <==
# cmd: /opt/conda/bin/conda create -n e numpy
+defaults::mkl-11.3.3-0
+defaults::numpy-1.11.1-py35_0[nomkl]
+defaults::python-3.5.2-0
# create specs: numpy
==> 2016-08-01 10:00:00 <==
# cmd: /opt/conda/bin/conda install -c conda-forge numpy
-defaults::numpy-1.11.1-py35_0[nomkl]
+conda-forge::numpy-1.11.1-py35_1
# install specs: numpy
"""
"""Conda 4.1 and 4.2 state channel and features."""

CONDA_4_6 = """\
==> 2019-03-01 10:00:00 <==
# cmd: /opt/conda/bin/conda create -n e -c https://host.org/own tool
# conda version: 4.6.8
+defaults/linux-64::openssl-1.1.1b-h7b6447c_1
+defaults/noarch::tzdata-2018i-0
+https://host.org/own/linux-64::tool-1.9-py37_0
# update specs: ['tool']
==> 2019-04-01 10:00:00 <==
# cmd: /opt/conda/bin/conda install -c conda-forge tool
# conda version: 4.6.12
-defaults/linux-64::openssl-1.1.1b-h7b6447c_1
-https://host.org/own/linux-64::tool-1.9-py37_0
+conda-forge/linux-64::openssl-1.1.1b-h7b6447c_1
+conda-forge/linux-64::tool-1.10-py37_0
# update specs: ['tool']
"""
"""Since conda 4.4 lines state the platform too."""

CONDA_26 = """\
==> 2026-05-06 07:08:09 <==
# cmd: /opt/conda/bin/conda create -n e numpy tqdm
# conda version: 26.3.1
+conda-forge/label/dev/noarch::tqdm-4.66.1-pyhd8ed1ab_0
+conda-forge/linux-64::libblas-3.9.0-20_linux64_openblas
+conda-forge/linux-64::numpy-1.26.4-py311h64a7726_0
+pkgs/main/linux-64::zlib-1.2.13-h5eee18b_0
# update specs: ['numpy', 'tqdm']
==> 2026-05-07 07:08:09 <==
# cmd: /opt/conda/bin/conda update --all
# conda version: 26.3.1
-conda-forge/linux-64::libblas-3.9.0-20_linux64_openblas
-conda-forge/linux-64::numpy-1.26.4-py311h64a7726_0
+conda-forge/linux-64::libblas-3.9.0-20_linux64_mkl
+conda-forge/linux-64::numpy-2.0.0-py311h1234567_0
==> 2026-05-08 07:08:09 <==
# cmd: /opt/conda/bin/conda remove tqdm
# conda version: 26.7.1
-conda-forge/label/dev/noarch::tqdm-4.66.1-pyhd8ed1ab_0
# remove specs: ['tqdm']
==> 2026-05-09 07:08:09 <==
# cmd: /opt/conda/bin/conda install numpy=1.26
# conda version: 26.7.1
-conda-forge/linux-64::numpy-2.0.0-py311h1234567_0
+conda-forge/linux-64::numpy-1.26.4-py311h64a7726_0
# update specs: ['numpy=1.26']
"""
"""As condas write it today."""

MAMBA = """\
==> 2024-01-01 10:00:00 <==
# cmd: /opt/mamba/bin/mamba create -n e numpy
# conda version: 3.8.0
+https://conda.anaconda.org/conda-forge/linux-64::numpy-1.26.3-py311_0
+https://conda.anaconda.org/conda-forge/noarch::tzdata-2023d-h0c530f3_0
# update specs: ["numpy"]
==> 2024-02-01 10:00:00 <==
# cmd: /opt/conda/bin/conda update numpy
# conda version: 24.1.0
-conda-forge/linux-64::numpy-1.26.3-py311_0
+conda-forge/linux-64::numpy-1.26.4-py311_0
# update specs: ['numpy']
==> 2024-03-01 10:00:00 <==
# cmd: /opt/mamba/bin/mamba remove tzdata
# conda version: 3.8.0
-conda-forge::tzdata-2023d-h0c530f3_0
# remove specs: ["tzdata"]
"""
"""mamba and conda take turns: each has a spelling of its own for the same channel."""

REINSTALLED = """\
==> 2024-05-06 07:08:09 <==
# cmd: /opt/conda/bin/conda create -n e numpy
# conda version: 24.7.1
+conda-forge/linux-64::libblas-3.9.0-20_linux64_openblas
+conda-forge/linux-64::numpy-1.26.3-py311_0
# update specs: ['numpy']
==> 2024-05-07 07:08:09 <==
# cmd: /opt/conda/bin/conda install --force-reinstall numpy
# conda version: 24.7.1
# update specs: ['numpy']
==> 2024-05-08 07:08:09 <==
# cmd: /opt/conda/bin/conda update numpy
# conda version: 24.7.1
+conda-forge/linux-64::libblas-3.9.0-20_linux64_openblas
+conda-forge/linux-64::numpy-1.26.4-py311_0
# update specs: ['numpy']
"""
"""A revision without lines, after which conda takes the environment for empty and adds everything to the next one."""

BY_CONDA = {"3": CONDA_3, "4.1": CONDA_4_1, "4.6": CONDA_4_6, "26": CONDA_26}
"""Histories that conda reads right, by its version."""
