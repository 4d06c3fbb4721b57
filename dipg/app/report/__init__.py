"""Reports: what a run left, read again and told as one page, in HTML and in Markdown."""
