# Two commands: `make run` and `make test`. Both install what they need into .venv, and start nothing else.
PYTHON ?= python3
BIN    := .venv/bin

.PHONY: run test check browser bench clean

run: .venv/.run  ## read the sample ministry's documents (or go on where it stopped), then open the page
	@$(BIN)/python -m rag ingest corpus || test $$? -eq 1  # 1: a file was left out, and it was said which
	$(BIN)/python -m streamlit run app.py

test: .venv/.dev browser check  ## style, types, and every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.dev  ## how fast ingestion is, beside LlamaIndex's five-line starter
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/requirements.txt
	$(BIN)/python tests/benchmarks/ingestion.py

browser:  # Debian's Chromium and fonts for Japanese; where they cannot be installed the browser tests say so and are skipped
	@if ! command -v chromium >/dev/null || ! fc-list 2>/dev/null | grep -q 'Noto Sans CJK'; then \
	  if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO='sudo -n'; fi; \
	  { $$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends \
	      chromium fonts-noto-cjk fontconfig >/dev/null; } \
	  || echo 'Chromium could not be installed; the browser tests will be skipped. Install it with: apt-get install chromium fonts-noto-cjk'; \
	fi
	@if ! tesseract --list-langs 2>/dev/null | grep -q '^jpn_vert'; then \
	  if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO='sudo -n'; fi; \
	  { $$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends \
	      tesseract-ocr tesseract-ocr-jpn tesseract-ocr-jpn-vert >/dev/null; } \
	  || echo 'Tesseract could not be installed; scans are left out. Install it with: apt-get install tesseract-ocr tesseract-ocr-jpn tesseract-ocr-jpn-vert'; \
	fi

.venv/.base:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Konkyo needs Python 3.11 or newer; name it with: make PYTHON=python3.11 ...'; exit 1; }
	@$(PYTHON) -m venv .venv || { echo 'Python has no venv module. On Debian: apt-get install python3-venv'; exit 1; }
	@touch $@

.venv/.run: requirements.txt | .venv/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.dev: requirements.txt requirements-dev.txt | .venv/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf .venv .konkyo
