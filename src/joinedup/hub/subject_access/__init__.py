"""Answering people who ask what is held about a child: subject access, and complaints."""
