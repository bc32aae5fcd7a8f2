import { render } from 'preact';
import { App } from './app';
import { begin } from './session';
import './styles/page.css';

const page = document.getElementById('page');

if (page) {
  render(<App />, page);
  void begin();
}
